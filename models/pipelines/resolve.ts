import { nativeSize } from '../checkpoint/native-size.ts'
import type { Pipeline } from './assemble.ts'
import { loadEmbeddings } from './embeddings.ts'
import { readMask, readPixels } from './pixels.ts'
import type { AskedSettings, GenerateSettings } from './settings.ts'

/**
 * Fills in what was left open, and reads the picture to start from, its mask and the embeddings. Throws `UserError` where one
 * cannot be read, or an embedding does not fit.
 */
export async function resolveSettings(
  pipeline: Pipeline,
  { init, embeddings = [], ...asked }: AskedSettings,
): Promise<GenerateSettings> {
  const { base, sampler, encoders } = pipeline
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
    embeddings: await loadEmbeddings(embeddings, encoders),
    init: init && {
      pixels: await readPixels(init.path, width, height),
      strength: init.strength,
      mask: init.mask === undefined ? undefined : await readMask(init.mask, width, height),
    },
  }
}
