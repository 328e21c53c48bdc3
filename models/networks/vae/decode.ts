import { pixelShuffle } from '../../graph/ops/pixel-shuffle.ts'
import { upsampleNearest } from '../../graph/ops/upsample-nearest.ts'
import type { Value } from '../../graph/value.ts'
import { convLayer } from '../layers.ts'
import { type Parameters, scope } from '../parameters.ts'
import { vaeEnd, vaeMiddle, vaeResnet } from './blocks.ts'
import type { VaeConfig } from './config.ts'

/** AutoencoderKL's decoder: latent f32 [n, latentChannels, h, w], unscaled, to a picture [n, 3, H, W] around -1..1. */
export const decode = (config: VaeConfig, parameters: Parameters, latent: Value): Value =>
  decodeUp(config, parameters, decodeMiddle(config, parameters, latent))

/** What of the decoder sees the whole latent at once: to features [n, last of blockOutChannels, h, w]. */
export function decodeMiddle(config: VaeConfig, parameters: Parameters, latent: Value): Value {
  const p = scope(parameters, 'decoder')
  const start = config.usePostQuantConv
    ? convLayer(parameters, 'post_quant_conv', latent, config.latentChannels, { kernel: 1 })
    : latent
  return vaeMiddle(p, convLayer(p, 'conv_in', start, config.blockOutChannels.at(-1) as number), config)
}

/** The way up from there: but for its group normalisations, a pixel depends on the features around it alone. */
export function decodeUp(config: VaeConfig, parameters: Parameters, features: Value): Value {
  const p = scope(parameters, 'decoder')
  const { blockOutChannels, layersPerBlock, patchSize } = config
  const levels = blockOutChannels.length
  let x = features
  for (let block = 0; block < levels; block++) {
    const path = `up_blocks.${block}`
    const channels = blockOutChannels[levels - 1 - block] as number
    for (let i = 0; i <= layersPerBlock; i++) x = vaeResnet(p, `${path}.resnets.${i}`, x, channels, config)
    if (block < levels - 1) x = convLayer(p, `${path}.upsamplers.0.conv`, upsampleNearest(x, 2), channels)
  }
  const pixels = vaeEnd(p, x, config.outChannels, config)
  return patchSize > 1 ? pixelShuffle(pixels, patchSize) : pixels
}
