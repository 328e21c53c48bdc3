import { asBase } from '../../models/checkpoint/as-base.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { UserError } from '../../models/errors.ts'
import { assemble } from '../../models/pipelines/assemble.ts'
import type { Picture } from '../../models/pipelines/generate.ts'
import { loadGuide } from '../../models/pipelines/guide.ts'
import { openLook, type Seen } from '../../models/pipelines/look/look.ts'
import { resolveSettings } from '../../models/pipelines/resolve.ts'
import { shipped } from '../paths.ts'

export interface GuideLookOptions {
  /** Paths. */
  readonly base: string
  readonly guide: string
  readonly prompt: string
  readonly negative: string
  /** Guidance scales above 1: a picture is painted at each. */
  readonly scales: readonly number[]
  readonly steps: number
  readonly seed: number
  readonly width?: number | undefined
  readonly height?: number | undefined
  readonly signal?: AbortSignal | undefined
  readonly onStep?: ((done: number, total: number) => void) | undefined
}

/** What was seen of a guide while it painted one picture. */
export interface SeenPicture {
  readonly guidance: number
  readonly picture: Picture
  /** In the order of the network's calls. */
  readonly steps: readonly Seen[]
}

/** Paints the same seed with a guide at each scale, and looks at what it does. Throws `UserError` where it does not fit the base. */
export async function lookAtGuide({ scales, signal, onStep, ...options }: GuideLookOptions): Promise<SeenPicture[]> {
  const base = asBase(await describeModel(options.base))
  const pipeline = await assemble(base, { merges: shipped.merges })
  try {
    const guide = await loadGuide(asGuide(await describeModel(options.guide)), base)
    const { prompt, negative, seed, steps, width, height } = options
    const settings = await resolveSettings(pipeline, {
      ...{ prompt, negative, seed, steps, width, height, method: 'guide', guidance: 1, count: 1 },
      ...{ clipSkip: 1, schedule: 'auto' },
    })
    await using look = await openLook(pipeline, guide, settings)
    const seen: SeenPicture[] = []
    for (const guidance of scales) {
      const own: Seen[] = []
      const tell = (each: Seen) => {
        own.push(each)
        onStep?.(seen.length * steps + own.length, scales.length * steps)
      }
      seen.push({ guidance, picture: await look.paint(guidance, tell, signal), steps: own })
    }
    if (seen.every(({ steps }) => steps.every(({ blocks }) => blocks.size === 0)))
      throw new UserError('This guide changes nothing.', 'Choose another one.')
    return seen
  } finally {
    await pipeline.sessions.release()
  }
}
