import { resolve } from 'node:path'
import { optionsOf } from '../../models/guidance/index.ts'
import type { GenerateSettings } from '../../models/pipelines/settings.ts'
import packageFile from '../../package.json' with { type: 'json' }
import { type GenerateRequest, strengthOf } from '../../preload/contract/generation.ts'
import type { PictureSettings } from '../gallery/settings.ts'

interface Particulars {
  /** The picture's own. */
  readonly seed: number
  readonly base: PictureSettings['base']
  /** What was plugged into the base. */
  readonly guide?: PictureSettings['guide'] | undefined
  /** The picture that it began with, as it was asked for. */
  readonly begun?: Pick<GenerateRequest, 'init' | 'mask' | 'strength'> | undefined
}

/** How a picture was made, as it is written into its file. */
export function recordedSettings(
  settings: Omit<GenerateSettings, 'init'>,
  { seed, base, guide, begun }: Particulars,
): PictureSettings {
  const { prompt, negative = '', method, guidance, steps, sampler, schedule, width, height } = settings
  return {
    ...{ prompt, negative, method, guidance, steps, sampler, schedule, seed, width, height, base },
    ...(guide && { guide }),
    ...optionsOf(settings),
    ...(settings.clipSkip > 1 && { clipSkip: settings.clipSkip }),
    ...(begun && begunWith(begun)),
    ...(settings.prediction && { predictionType: settings.prediction }),
    version: packageFile.version,
  }
}

/** The paths are whole, so that they mean the same wherever the picture is read. */
function begunWith({ init, mask, strength }: NonNullable<Particulars['begun']>): Partial<PictureSettings> {
  if (init === undefined) return {}
  const masked = mask === undefined ? {} : { mask: resolve(mask) }
  return { init: resolve(init), ...masked, strength: strengthOf({ strength, mask }) }
}
