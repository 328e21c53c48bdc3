import { shipped } from '../../main/paths.ts'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { UserError } from '../../models/errors.ts'
import { assemble } from '../../models/pipelines/assemble.ts'
import { generate } from '../../models/pipelines/generate.ts'

/** What a person would read who tried to paint with a file; undefined where a picture came. */
export async function tryToPaint(path: string): Promise<string | undefined> {
  try {
    const pipeline = await assemble(asBase(await describeModel(path)), { merges: shipped.merges })
    const size = { width: 64, height: 64 }
    const run = { method: 'none', guidance: 1, steps: 1, sampler: 'euler', schedule: 'auto', seed: 0 } as const
    const settings = { prompt: 'a cat', negative: '', ...run, ...size, count: 1, clipSkip: 1 }
    try {
      for await (const _ of generate(pipeline, settings)) return undefined
    } finally {
      await pipeline.sessions.release()
    }
    return undefined
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
}
