import { nativeSize } from '../checkpoint/native-size.ts'
import type { Pipeline } from './assemble.ts'
import { readMask, readPixels } from './pixels.ts'
import type { AskedSettings, GenerateSettings } from './settings.ts'

/** Fills in what was left open, and reads the picture to start from and its mask. Throws `UserError` where one cannot be read. */
export async function resolveSettings(
  pipeline: Pipeline,
  { init, ...asked }: AskedSettings,
): Promise<GenerateSettings> {
  const { base, sampler } = pipeline
  const prediction = asked.prediction ?? (base.prediction.sure ? undefined : await pipeline.prediction())
  const side = nativeSize(base, prediction)
  const width = asked.width ?? side
  const height = asked.height ?? side
  return {
    ...asked,
    ...(prediction && { prediction }),
    width,
    height,
    sampler: asked.sampler ?? sampler ?? 'euler',
    init: init && {
      pixels: await readPixels(init.path, width, height),
      strength: init.strength,
      mask: init.mask === undefined ? undefined : await readMask(init.mask, width, height),
    },
  }
}
