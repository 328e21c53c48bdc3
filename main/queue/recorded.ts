import { optionsOf } from '../../models/guidance/index.ts'
import type { GenerateSettings } from '../../models/pipelines/settings.ts'
import packageFile from '../../package.json' with { type: 'json' }
import type { PictureSettings } from '../gallery/settings.ts'

interface Particulars {
  /** The picture's own. */
  readonly seed: number
  readonly base: PictureSettings['base']
  /** What was plugged into the base. */
  readonly guide?: PictureSettings['guide'] | undefined
  readonly loras?: PictureSettings['loras'] | undefined
  /** Where it began with another picture. */
  readonly strength?: number | undefined
}

/** How a picture was made, as it is written into its file. */
export function recordedSettings(
  settings: Omit<GenerateSettings, 'init'>,
  { seed, base, guide, loras = [], strength }: Particulars,
): PictureSettings {
  const { prompt, negative = '', method, guidance, steps, sampler, schedule, width, height } = settings
  return {
    ...{ prompt, negative, method, guidance, steps, sampler, schedule, seed, width, height, base },
    ...(guide && { guide }),
    ...(loras.length > 0 && { loras }),
    ...optionsOf(settings),
    ...(settings.clipSkip > 1 && { clipSkip: settings.clipSkip }),
    ...(strength !== undefined && { strength }),
    ...(settings.prediction && { predictionType: settings.prediction }),
    version: packageFile.version,
  }
}
