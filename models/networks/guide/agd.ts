import { add } from '../../graph/ops/add.ts'
import { attention } from '../../graph/ops/attention.ts'
import { concat } from '../../graph/ops/concat.ts'
import { linear } from '../../graph/ops/linear.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { slice } from '../../graph/ops/slice.ts'
import { ShapeError, type Value } from '../../graph/value.ts'
import type { Shape } from '../../tensor/tensor.ts'
import { layerNormLayer, linearLayer, silu } from '../layers.ts'
import type { Parameters } from '../parameters.ts'
import { depthAt, type LevelDepth, type UNetConfig } from '../unet/config.ts'
import { scaleFeatures, scaleWidth, strength, timeFeatures, timeWidth } from './conditioning.ts'
import { type GuideConfig, type GuideInputs, type GuideKind, largest, withBiases } from './kind.ts'

const heads = 4

/** What is told, each as one token. */
const told = ['time', 'scale', 'prompt', 'negative'] as const

/**
 * Adapter guidance distillation (Jensen and Sadat, TMLR 2025, arXiv 2503.07274): behind the cross-attention of every
 * transformer block, on the way down as well, a small one of the picture's tokens to what the guide is told: time,
 * guidance scale, prompt, and, which theirs has not, the negative prompt.
 */
export const agd: GuideKind = {
  design(base, _layers, most) {
    const blocks = transformerBlocks(base)
    const build = (size: number): GuideConfig => {
      const hidden = heads * Math.ceil(size / heads)
      const widths = { time: timeWidth, scale: scaleWidth, prompt: base.crossAttentionDim }
      const layers: [string, Shape][] = told.flatMap(name => [
        [`t.${name}.0`, [size, { ...widths, negative: widths.prompt }[name]]],
        [`t.${name}.2`, [size, size]],
      ])
      for (const [number, { channels }] of blocks.entries())
        layers.push(
          [`n.${number}`, [channels]],
          [`q.${number}`, [hidden, channels]],
          [`k.${number}`, [hidden, size]],
          [`v.${number}`, [hidden, size]],
          [`o.${number}`, [channels, hidden]],
        )
      return { shapes: withBiases(layers), modules: blocks.map(({ place }) => place) }
    }
    return largest(build, most)
  },
  isLast: name => /^o[.]/.test(name),
  fitting: ({ shapes }) => ({ crossAttentionDim: shapes.get('t.prompt.0.weight')?.[1] ?? 0 }),
  inject(config, p, inputs) {
    const seen = attendedTo(config, p, inputs)
    const k = reshape(strength(inputs.guidance), [0, 1, 1])
    return (place, value) => {
      const own = seen.get(place)
      if (!own) return value
      const { number, hidden, keys, values } = own
      const queries = linearLayer(p, `q.${number}`, layerNormLayer(p, `n.${number}`, value), hidden)
      const mixed = attention(queries, keys, values, heads)
      return add(value, mul(k, linearLayer(p, `o.${number}`, mixed, value.shape[2] as number)))
    }
  },
}

interface Attended {
  /** Under which the block's tensors stand. */
  readonly number: number
  readonly hidden: number
  /** [n, tokens, hidden] */
  readonly keys: Value
  readonly values: Value
}

/** The keys and values of every block, from one matrix product: many small ones would take longer. */
function attendedTo(config: GuideConfig, p: Parameters, inputs: GuideInputs): Map<string, Attended> {
  if (config.modules.length === 0) throw new ShapeError('it names no block that it changes')
  const tokens = tokensOf(config, p, inputs)
  const width = tokens.shape[2] as number
  const layers = config.modules.flatMap((_, number) => {
    const hidden = config.shapes.get(`q.${number}.weight`)?.[0] ?? 0
    return ['k', 'v'].map(side => ({ path: `${side}.${number}`, hidden }))
  })
  const weights = layers.map(({ path, hidden }) => p(`${path}.weight`, [hidden, width]))
  const biases = layers.map(({ path, hidden }) => p(`${path}.bias`, [hidden]))
  const all = linear(tokens, concat(weights, 0), concat(biases, 0))
  let start = 0
  const next = (hidden: number): Value => {
    start += hidden
    return slice(all, 2, start - hidden, start)
  }
  return new Map(
    config.modules.map((place, number) => {
      const { hidden } = layers[2 * number] as (typeof layers)[number]
      return [place, { number, hidden, keys: next(hidden), values: next(hidden) }]
    }),
  )
}

/** What the guide is told, as tokens [n, tokens, width]. */
function tokensOf({ shapes }: GuideConfig, p: Parameters, inputs: GuideInputs): Value {
  const { timestep, guidance, positive: prompt, negative } = inputs
  const features = { time: timeFeatures(timestep), scale: scaleFeatures(guidance), prompt, negative }
  const tokens = told.map(name => {
    const width = shapes.get(`t.${name}.0.weight`)?.[0] ?? 0
    const token = linearLayer(p, `t.${name}.2`, silu(linearLayer(p, `t.${name}.0`, features[name], width)), width)
    return reshape(token, [0, 1, width])
  })
  return concat(tokens, 1)
}

/** Where the text was attended to, in every transformer block of a UNet, with its channels; in the order of a pass. */
function transformerBlocks(config: UNetConfig): { place: string; channels: number }[] {
  const { blockOutChannels, layersPerBlock, transformerLayers, midTransformerLayers } = config
  const levels = blockOutChannels.length
  const stack = (path: string, level: number, depth: number) =>
    Array.from({ length: depth }, (_, i) => ({
      place: `${path}.transformer_blocks.${i}.attn2`,
      channels: blockOutChannels[level] as number,
    }))
  const side = (way: 'down' | 'up', layers: number) =>
    Array.from({ length: levels }, (_, block) => {
      const level = way === 'down' ? block : levels - 1 - block
      const depths = transformerLayers[level] as LevelDepth
      return Array.from({ length: layers }, (_, i) =>
        stack(`${way}_blocks.${block}.attentions.${i}`, level, depthAt(depths, way, i)),
      )
    }).flat(2)
  const middle = stack('mid_block.attentions.0', levels - 1, midTransformerLayers ?? 0)
  return [...side('down', layersPerBlock), ...middle, ...side('up', layersPerBlock + 1)]
}
