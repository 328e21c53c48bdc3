import { nativeSize } from '../checkpoint/native-size.ts'
import type { Pipeline } from './assemble.ts'
import { readPixels } from './pixels.ts'
import type { AskedSettings, GenerateSettings } from './settings.ts'

/** Fills in what was left open, and reads the picture to start from. Throws `UserError` where that cannot be read. */
export async function resolveSettings(
  pipeline: Pipeline,
  { init, ...asked }: AskedSettings,
): Promise<GenerateSettings> {
  const { base, sampler } = pipeline
  // What a person said is told with the picture, as what was asked for is
  const isKnown = base.prediction.sure && !base.prediction.chosen
  const prediction = asked.prediction ?? (isKnown ? undefined : await pipeline.prediction())
  const side = nativeSize(base, prediction)
  const width = asked.width ?? side
  const height = asked.height ?? side
  return {
    ...asked,
    ...(prediction && { prediction }),
    width,
    height,
    sampler: asked.sampler ?? sampler ?? 'euler',
    init: init && { pixels: await readPixels(init.path, width, height), strength: init.strength },
  }
}
