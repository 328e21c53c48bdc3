import { add } from '../../graph/ops/add.ts'
import { concat } from '../../graph/ops/concat.ts'
import { conv2d } from '../../graph/ops/conv2d.ts'
import { linear } from '../../graph/ops/linear.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { slice } from '../../graph/ops/slice.ts'
import { ShapeError, type Value } from '../../graph/value.ts'
import type { Parameters } from '../parameters.ts'
import { conditioning, conditioningShapes, plus, strength, textWidth } from './conditioning.ts'
import { type GuideConfig, type GuideInputs, type GuideKind, largest } from './kind.ts'

/**
 * A low-rank change of linear layers and convolutions, each rank scaled by what the guide is told:
 * out + B (A (from) * g) with g = (1 + G (told)) (w - 1) / 4.
 */
export const lora1: GuideKind = {
  /**
   * Convolutions get half as many ranks again as linear layers. Ranks grow by eighths: with each, one of eight layers of
   * a sort gets one more.
   */
  design({ crossAttentionDim }, layers, most) {
    const changed = layers.filter(({ place }) => !place.endsWith('.time_emb_proj'))
    const modules = changed.map(({ place }) => place)
    const build = (step: number): GuideConfig => {
      const size = (7 + step) / 8
      const told = Math.min(16 * size, 128)
      const shapes = new Map(conditioningShapes(crossAttentionDim, told))
      const count = { linear: 0, picture: 0 }
      for (const [number, { taken, given, isPicture }] of changed.entries()) {
        const place = isPicture ? count.picture++ : count.linear++
        const rank = Math.floor((isPicture ? 1.5 * size : size) + (place % 8) / 8)
        const pointwise = isPicture ? [1, 1] : []
        shapes.set(`A.${number}.weight`, [rank, taken, ...pointwise])
        shapes.set(`B.${number}.weight`, [given, rank, ...pointwise])
        shapes.set(`G.${number}.weight`, [rank, told])
        shapes.set(`G.${number}.bias`, [rank])
      }
      return { shapes, modules }
    }
    return largest(build, most)
  },
  isLast: name => /^B\./.test(name),
  fitting(config) {
    // A block's second convolution has the channels of its level on both sides.
    const channels = new Map<number, number>()
    for (const [number, name] of config.modules.entries()) {
      const block = /^up_blocks\.(\d)\.resnets\.0\.conv2$/.exec(name)?.[1]
      if (block !== undefined) channels.set(Number(block), config.shapes.get(`A.${number}.weight`)?.[1] ?? 0)
    }
    const deepestFirst = Array.from({ length: channels.size }, (_, block) => channels.get(block) ?? 0)
    return {
      crossAttentionDim: textWidth(config),
      ...(channels.size > 0 && { blockOutChannels: deepestFirst.toReversed() }),
    }
  },
  inject(config, p, inputs) {
    const scales = scalesOf(config, p, inputs)
    return (place, out, layer) => {
      const scale = scales.get(place)
      if (!scale || !layer) return out
      const { number, rank, g } = scale
      const isPicture = out.shape.length === 4
      const pointwise = (name: string, x: Value, channels: number): Value => {
        const taken = x.shape[isPicture ? 1 : x.shape.length - 1] as number
        const weight = p(`${name}.${number}.weight`, isPicture ? [channels, taken, 1, 1] : [channels, taken])
        return isPicture ? conv2d(x, weight, undefined) : linear(x, weight)
      }
      const perRank = isPicture ? [0, rank, 1, 1] : [0, ...Array<number>(out.shape.length - 2).fill(1), rank]
      const low = mul(pointwise('A', layer.from, rank), reshape(g, perRank))
      return add(out, pointwise('B', low, out.shape[isPicture ? 1 : out.shape.length - 1] as number))
    }
  },
}

interface Scale {
  /** Under which the module's tensors stand. */
  readonly number: number
  readonly rank: number
  /** What each rank is multiplied by: [n, rank]. */
  readonly g: Value
}

/** The scales of every module, from one matrix product: many small ones would take longer than the base's own work. */
function scalesOf(config: GuideConfig, p: Parameters, inputs: GuideInputs): Map<string, Scale> {
  if (config.modules.length === 0) throw new ShapeError('it names no layer that it changes')
  const told = conditioning(config, p, inputs)
  const width = told.shape[1] as number
  const ranks = config.modules.map((_, number) => config.shapes.get(`A.${number}.weight`)?.[0] ?? 0)
  const weights = ranks.map((rank, number) => p(`G.${number}.weight`, [rank, width]))
  const biases = ranks.map((rank, number) => p(`G.${number}.bias`, [rank]))
  const k = reshape(strength(inputs.guidance), [0, 1])
  const all = mul(plus(linear(told, concat(weights, 0), concat(biases, 0)), 1), k)
  const scales = new Map<string, Scale>()
  let start = 0
  for (const [number, name] of config.modules.entries()) {
    const rank = ranks[number] as number
    scales.set(name, { number, rank, g: slice(all, 1, start, start + rank) })
    start += rank
  }
  return scales
}
