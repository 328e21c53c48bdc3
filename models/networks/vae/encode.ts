import { pixelUnshuffle } from '../../graph/ops/pixel-unshuffle.ts'
import { split } from '../../graph/ops/slice.ts'
import type { Value } from '../../graph/value.ts'
import { convLayer } from '../layers.ts'
import { type Parameters, scope } from '../parameters.ts'
import { vaeEnd, vaeMiddle, vaeResnet } from './blocks.ts'
import type { VaeConfig } from './config.ts'

/** The normal distribution of latents that a picture is encoded to: f32 [n, latentChannels, h, w], unscaled. */
export interface Posterior {
  readonly mean: Value
  readonly logvar: Value
}

/** AutoencoderKL's encoder: picture f32 [n, 3, H, W] in -1..1, whose sides divide by `vaeFactor(config)`. */
export const encode = (config: VaeConfig, parameters: Parameters, picture: Value): Posterior =>
  encodeMiddle(config, parameters, encodeDown(config, parameters, picture))

/**
 * The way down, to features [n, last of blockOutChannels, h, w]: but for its group normalisations, they depend on the
 * pixels around them alone.
 */
export function encodeDown(config: VaeConfig, parameters: Parameters, picture: Value): Value {
  const p = scope(parameters, 'encoder')
  const { blockOutChannels, layersPerBlock, patchSize } = config
  const pixels = patchSize > 1 ? pixelUnshuffle(picture, patchSize) : picture
  let x = convLayer(p, 'conv_in', pixels, blockOutChannels[0] as number)
  for (const [level, channels] of blockOutChannels.entries()) {
    const path = `down_blocks.${level}`
    for (let i = 0; i < layersPerBlock; i++) x = vaeResnet(p, `${path}.resnets.${i}`, x, channels, config)
    // Padded at the bottom and the right only, as the original was trained.
    if (level < blockOutChannels.length - 1)
      x = convLayer(p, `${path}.downsamplers.0.conv`, x, channels, { stride: 2, padding: [0, 0, 1, 1] })
  }
  return x
}

/** What of the encoder sees all features at once. */
export function encodeMiddle(config: VaeConfig, parameters: Parameters, features: Value): Posterior {
  const p = scope(parameters, 'encoder')
  const { latentChannels } = config
  let x = vaeEnd(p, vaeMiddle(p, features, config), latentChannels * 2, config)
  if (config.useQuantConv) x = convLayer(parameters, 'quant_conv', x, latentChannels * 2, { kernel: 1 })
  const [mean, logvar] = split(x, 1, 2) as [Value, Value]
  return { mean, logvar }
}
