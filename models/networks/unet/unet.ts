import { add } from '../../graph/ops/add.ts'
import { concat } from '../../graph/ops/concat.ts'
import { resizeNearestLike } from '../../graph/ops/resize-nearest-like.ts'
import type { Value } from '../../graph/value.ts'
import { convLayer, groupNormLayer, linearLayer, silu } from '../layers.ts'
import { at, type Inject, injected, type Parameters } from '../parameters.ts'
import { resnet } from '../resnet.ts'
import { type AddedInputs, addEmbedding } from './add-embedding.ts'
import { depthAt, type LevelDepth, type UNetConfig } from './config.ts'
import { timestepEmbedding } from './time-embedding.ts'
import { transformer } from './transformer.ts'

export interface UNetInputs {
  /** Noisy latent, scaled to variance preserving: f32 [n, inChannels, h, w]. */
  readonly sample: Value
  /** f32 [n], 0..999, may be fractional. */
  readonly timestep: Value
  /** Text encoder states: f32 [n, tokens, crossAttentionDim]. */
  readonly context: Value
  /** What SDXL is told beside the context; only where the configuration has `additionInputs`. */
  readonly added?: AddedInputs | undefined
}

/**
 * diffusers' UNet2DConditionModel (Rombach et al. 2022): predicts noise or velocity f32 [n, outChannels, h, w].
 * Any height and width work, also those that do not divide by the number of halvings.
 * @param inject also sees the feature maps `context`, `time_embedding`, `add_embedding`, `down_blocks.N`,
 *   `down_blocks.N.skip.M`, `mid_block`, `up_blocks.N` and `conv_norm_out`, and of each transformer block, as tokens
 *   [n, h * w, channels], `<its path>.attn2`: the stream after it has attended to the context
 */
export function unet(
  config: UNetConfig,
  parameters: Parameters,
  { sample, timestep, context: text, added }: UNetInputs,
  inject?: Inject,
): Value {
  const p = injected(parameters, inject)
  const context = at(p, 'context', text)
  const { blockOutChannels, layersPerBlock, normGroups: groups, normEps: eps } = config
  const { transformerLayers: depths, midTransformerLayers } = config
  const levels = blockOutChannels.length
  const width = blockOutChannels[0] as number

  const sinusoids = timestepEmbedding(timestep, width)
  const embedded = linearLayer(p, 'time_embedding.linear_1', sinusoids, width * 4)
  let time = at(p, 'time_embedding', linearLayer(p, 'time_embedding.linear_2', silu(embedded), width * 4))
  if (config.additionInputs !== undefined) time = add(time, addEmbedding(p, config.additionInputs, width * 4, added))

  const residual = (path: string, x: Value, out: number) => resnet(p, path, x, { out, groups, eps }, time)
  const attend = (path: string, x: Value, level: number, layers: number) =>
    layers === 0
      ? x
      : transformer(p, path, x, context, {
          heads: config.heads[level] as number,
          layers,
          linearProjection: config.linearProjection,
          groups,
        })

  let x = convLayer(p, 'conv_in', sample, width)
  const skips = [x]
  for (const [level, channels] of blockOutChannels.entries()) {
    const path = `down_blocks.${level}`
    const keep = (index: number) => skips.push(at(p, `${path}.skip.${index}`, x))
    for (let i = 0; i < layersPerBlock; i++) {
      x = residual(`${path}.resnets.${i}`, x, channels)
      x = attend(`${path}.attentions.${i}`, x, level, depthAt(depths[level] as LevelDepth, 'down', i))
      keep(i)
    }
    if (level < levels - 1) {
      x = convLayer(p, `${path}.downsamplers.0.conv`, x, channels, { stride: 2 })
      keep(layersPerBlock)
    }
    x = at(p, path, x)
  }

  const deepest = blockOutChannels[levels - 1] as number
  if (midTransformerLayers !== null) x = residual('mid_block.resnets.0', x, deepest)
  if (midTransformerLayers) {
    x = attend('mid_block.attentions.0', x, levels - 1, midTransformerLayers)
    x = residual('mid_block.resnets.1', x, deepest)
  }
  x = at(p, 'mid_block', x)

  for (let block = 0; block < levels; block++) {
    const level = levels - 1 - block
    const path = `up_blocks.${block}`
    const channels = blockOutChannels[level] as number
    for (let i = 0; i <= layersPerBlock; i++) {
      x = residual(`${path}.resnets.${i}`, concat([x, skips.pop() as Value], 1), channels)
      x = attend(`${path}.attentions.${i}`, x, level, depthAt(depths[level] as LevelDepth, 'up', i))
    }
    // The size of the next skip rather than twice the own: an odd side was rounded up on the way down.
    if (level > 0) {
      const wider = resizeNearestLike(x, skips.at(-1) as Value)
      x = convLayer(p, `${path}.upsamplers.0.conv`, wider, channels)
    }
    x = at(p, path, x)
  }

  const normal = at(p, 'conv_norm_out', groupNormLayer(p, 'conv_norm_out', x, groups, eps))
  return convLayer(p, 'conv_out', silu(normal), config.outChannels)
}
