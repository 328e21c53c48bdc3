import { asBase } from '../../models/checkpoint/as-base.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { meanPsnr, meanSquare } from '../../models/evaluation/statistics/psnr.ts'
import { type MethodVariant, methodVariant } from '../../models/guidance/variant.ts'
import { assemble, type Pipeline } from '../../models/pipelines/assemble.ts'
import { generate, type Picture } from '../../models/pipelines/generate.ts'
import { type Guide, loadGuide } from '../../models/pipelines/guide.ts'
import { resolveSettings } from '../../models/pipelines/resolve.ts'
import type { Target } from '../../models/runtime/target.ts'
import { guidedBy, reportPair, shippedGuide } from '../library/guides.ts'
import { shipped } from '../paths.ts'

/** A method as it is measured. */
export interface BenchVariant extends MethodVariant {
  /** As it was asked for. */
  readonly name: string
  /** Whether two passes are one batch of two. */
  readonly together: boolean
}

/** Reads a method's name, `guide:N` and `reuse:N` (every N-th step is true), or `cfg-apart` (two passes in turn). */
export function benchVariant(name: string): BenchVariant | undefined {
  if (name === 'cfg-apart') return { name, method: 'cfg', together: false }
  const variant = methodVariant(name)
  return variant && { name, ...variant, together: true }
}

/** What the demo model knows; any base has something to paint with them. */
const prompts = [
  'a strawberry on a blue background',
  'a small red apple in the top left corner on a green background',
  'a big fox, yellow background',
  'a small owl in the bottom right corner on a white background',
  'a pizza next to a carrot on a pink background',
  'a rocket on a purple background',
  'a crab above a fish on a light blue background',
  'a big ghost, black background',
  'a house on a mint background',
  'a guitar on a gray background',
  'a yellow heart on a red background',
  'a penguin, orange background',
  'a cactus next to a sun on a brown background',
  'a robot on a white background',
  'a small key in the center on a black background',
  'a hamburger on a yellow background',
]

export interface BenchOptions {
  /** Each is compared to the first; pictures are compared to those of `cfg`, where it is among them. */
  readonly methods: readonly BenchVariant[]
  /** Path; the demo model where it is left out. */
  readonly base: string | undefined
  /** Path; the shipped guide where it is left out. */
  readonly guide: string | undefined
  readonly target: Target
  readonly width: number | undefined
  readonly height: number | undefined
  readonly steps: number
  readonly guidance: number
  /** Pictures of each method, each round of another prompt and seed; medians are taken over them. */
  readonly rounds: number
  readonly signal: AbortSignal
  readonly onRound?: (done: number, total: number) => void
}

/** Medians of one method. */
export interface BenchResult {
  readonly passesPerStep: number
  readonly secondsPerStep: number
  /** Text, steps and decoding. */
  readonly secondsPerPicture: number
  /** Median over the rounds of its time a step against that of the first method in the same round. */
  readonly ratio: number
  /** Mean over the rounds of the peak signal to noise ratio to the picture by `cfg`, in dB; null where they are the same or it was not asked for. */
  readonly psnr: number | null
}

/**
 * Paints the same pictures by several methods in turns, so that a machine that grows slower favours none. Throws
 * `UserError` where the base or the guide cannot be used.
 */
export async function bench({
  methods,
  rounds,
  target,
  signal,
  onRound,
  ...options
}: BenchOptions): Promise<Map<string, BenchResult>> {
  const base = asBase(await describeModel(options.base ?? shipped.demo))
  const pipeline = await assemble(base, { merges: shipped.merges, target })
  try {
    const guide = methods.some(({ method }) => method === 'guide') ? await guideFor(pipeline, options.guide) : undefined
    const paint = (variant: BenchVariant, round: number) =>
      paintOne(pipeline, variant, round, { ...options, guide, signal })
    const pictures = new Map<string, Picture[]>(methods.map(({ name }) => [name, []]))
    for (let round = 0; round < rounds; round++) {
      // Those of one session after one another; which goes first changes with each round.
      const order = round % 2 === 0 ? methods : methods.toReversed()
      let session: string | undefined
      for (const variant of order) {
        const own = variant.method === 'guide' ? 'guide' : 'plain'
        // A session's first run makes room in memory.
        if (own !== session) await paint(variant, round)
        session = own
        pictures.get(variant.name)?.push(await paint(variant, round))
      }
      onRound?.(round + 1, rounds)
    }
    return results(pictures, options.steps)
  } finally {
    await pipeline.sessions.release()
  }
}

async function guideFor({ base }: Pipeline, given: string | undefined): Promise<Guide | undefined> {
  const wanted = given === undefined ? undefined : { ...shippedGuide, path: given }
  const { guide } = await guidedBy({ method: 'guide' }, { base, wanted, guides: [shippedGuide], report: reportPair })
  return guide && loadGuide(asGuide(await describeModel(guide.path)), base)
}

type Painting = Pick<BenchOptions, 'width' | 'height' | 'steps' | 'guidance' | 'signal'> & { guide: Guide | undefined }

async function paintOne(
  pipeline: Pipeline,
  { method, refresh, together }: BenchVariant,
  round: number,
  { guide, signal, ...asked }: Painting,
): Promise<Picture> {
  const settings = await resolveSettings(pipeline, {
    ...asked,
    ...{ negative: '', seed: round, count: 1, clipSkip: 1, schedule: 'auto' },
    prompt: prompts[round % prompts.length] as string,
    ...{ method, refresh },
  })
  for await (const picture of generate(pipeline, settings, {
    guide,
    signal,
    traced: false,
    together,
  }))
    return picture
  throw new Error('no picture was painted')
}

function results(pictures: ReadonlyMap<string, readonly Picture[]>, steps: number): Map<string, BenchResult> {
  const [first = []] = pictures.values()
  const cfg = pictures.get('cfg')
  const perStep = ({ seconds }: Picture) => seconds.denoise / steps
  return new Map(
    [...pictures].map(([name, own]) => [
      name,
      {
        passesPerStep: median(own.map(({ passes }) => passes / steps)),
        secondsPerStep: median(own.map(perStep)),
        secondsPerPicture: median(own.map(({ seconds: { text, denoise, decode } }) => text + denoise + decode)),
        ratio: median(own.map((picture, round) => perStep(picture) / perStep(first[round] as Picture))),
        psnr: cfg ? meanPsnr(own.map(({ pixels }, round) => meanSquare(pixels, (cfg[round] as Picture).pixels))) : null,
      },
    ]),
  )
}

/** The middle value; of an even number the mean of the two in the middle. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1)
  return middle.reduce((sum, value) => sum + value, 0) / middle.length
}
