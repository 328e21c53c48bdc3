import { UserError } from '../errors.ts'
import type { LevelDepth } from '../networks/unet/config.ts'
import type { BaseCheckpoint, GuideCheckpoint, Prediction } from './checkpoint.ts'
import { unetConfig } from './config/unet.ts'

/** What each field of a guide's base is called in a sentence. */
const fields = {
  architecture: 'family',
  crossAttentionDim: 'width of the text states',
  inChannels: 'number of latent channels',
  blockOutChannels: "channels of the UNet's levels",
  layersPerBlock: 'number of layers in a block',
  transformerLayers: 'number of transformer layers',
  midTransformerLayers: 'number of transformer layers in the middle',
  predictionType: 'prediction type',
} as const

/**
 * Why a guide cannot be plugged into a base, in one sentence that names the field; nothing where it can. `prediction` is
 * what the base is said to predict, where its file is not believed.
 */
export function misfit(
  { facts }: GuideCheckpoint,
  base: BaseCheckpoint,
  prediction: Prediction['value'] = base.prediction.value,
): string | undefined {
  const config = unetConfig(base.unet)
  const own = {
    ...{ architecture: base.architecture, predictionType: prediction },
    ...config,
    // What a guide sees of an inpainting base's input is the latent.
    ...(base.variant === 'inpainting' && { inChannels: config.outChannels }),
  }
  for (const [field, name] of Object.entries(fields) as [keyof typeof fields, string][]) {
    const wanted = facts.base[field]
    if (wanted === undefined || text(wanted) === text(own[field])) continue
    return `The guide does not fit this base: its ${name} (${field}) is ${text(wanted)}, the base's is ${text(own[field])}.`
  }
  return undefined
}

/** Throws `UserError` where a guide cannot be plugged into a base. */
export function requireFit(...[guide, base, prediction]: Parameters<typeof misfit>): void {
  const sentence = misfit(guide, base, prediction)
  if (sentence !== undefined)
    throw new UserError(
      sentence,
      'Choose a guide for this base, or another method: cfg, interval, adaptive and reuse need none.',
    )
}

/** Lists as `0-1-10`, levels of uneven depth as `(2-2/2-1-1)`: down, then up. */
const text = (value: string | number | null | readonly LevelDepth[]): string =>
  Array.isArray(value) ? value.map(depthText).join('-') : String(value ?? 'none')

const depthText = (depth: LevelDepth): string =>
  typeof depth === 'number' ? String(depth) : `(${depth.down.join('-')}/${depth.up.join('-')})`
