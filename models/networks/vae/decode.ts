import { pixelShuffle } from '../../graph/ops/pixel-shuffle.ts'
import { upsampleNearest } from '../../graph/ops/upsample-nearest.ts'
import type { Value } from '../../graph/value.ts'
import { convLayer } from '../layers.ts'
import { type Parameters, scope } from '../parameters.ts'
import { vaeEnd, vaeMiddle, vaeResnet } from './blocks.ts'
import type { VaeConfig } from './config.ts'

/** AutoencoderKL's decoder: latent f32 [n, latentChannels, h, w], unscaled, to a picture [n, 3, H, W] around -1..1. */
export function decode(config: VaeConfig, parameters: Parameters, latent: Value): Value {
  const p = scope(parameters, 'decoder')
  const { blockOutChannels, layersPerBlock, patchSize } = config
  const levels = blockOutChannels.length
  const start = config.usePostQuantConv
    ? convLayer(parameters, 'post_quant_conv', latent, config.latentChannels, { kernel: 1 })
    : latent
  let x = vaeMiddle(p, convLayer(p, 'conv_in', start, blockOutChannels[levels - 1] as number), config)
  for (let block = 0; block < levels; block++) {
    const path = `up_blocks.${block}`
    const channels = blockOutChannels[levels - 1 - block] as number
    for (let i = 0; i <= layersPerBlock; i++) x = vaeResnet(p, `${path}.resnets.${i}`, x, channels, config)
    if (block < levels - 1) x = convLayer(p, `${path}.upsamplers.0.conv`, upsampleNearest(x, 2), channels)
  }
  const pixels = vaeEnd(p, x, config.outChannels, config)
  return patchSize > 1 ? pixelShuffle(pixels, patchSize) : pixels
}
