import type { Pipeline } from '../../pipelines/assemble.ts'
import { generate } from '../../pipelines/generate.ts'
import { resolveSettings } from '../../pipelines/resolve.ts'
import type { Pack } from '../data/pack.ts'
import type { Split } from '../data/split.ts'
import type { Sample } from './objective.ts'

/** Captions that samples are painted of. */
const shown = 4

/** Paints captions of a dataset, of pictures that were kept aside where there are some, always from the same noise. */
export async function paintCaptions(
  pipeline: Pipeline,
  { captions, width, height }: Pack,
  { held, seen }: Split,
): Promise<Sample[]> {
  const made: Sample[] = []
  for (const [seed, picture] of [...held.slice(0, shown), ...seen.slice(0, shown)].slice(0, shown).entries()) {
    const settings = await resolveSettings(pipeline, {
      prompt: captions[picture] as string,
      ...{ negative: '', method: 'cfg', guidance: 4, steps: 16, seed, count: 1, clipSkip: 1 },
      ...{ schedule: 'auto', width, height },
    })
    for await (const sample of generate(pipeline, settings, { traced: false })) made.push(sample)
  }
  return made
}
