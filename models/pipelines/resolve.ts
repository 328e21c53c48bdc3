import type { Pipeline } from './assemble.ts'
import { readPixels } from './pixels.ts'
import type { AskedSettings, GenerateSettings } from './settings.ts'

/** Fills in what was left open, and reads the picture to start from. Throws `UserError` where that cannot be read. */
export async function resolveSettings(
  { nativeSize, sampler }: Pipeline,
  { init, ...asked }: AskedSettings,
): Promise<GenerateSettings> {
  const width = asked.width ?? nativeSize
  const height = asked.height ?? nativeSize
  return {
    ...asked,
    width,
    height,
    sampler: asked.sampler ?? sampler ?? 'euler',
    init: init && { pixels: await readPixels(init.path, width, height), strength: init.strength },
  }
}
