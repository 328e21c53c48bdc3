import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { CancelSignal } from '../pipelines/cancel.ts'
import { writeText } from '../tensor/atomically.ts'
import type { RecipeOf } from './recipe.ts'
import { readPrompts } from './states/prompts.ts'
import { type TrainProgress, train } from './train.ts'

/** What the parts of a guide's training take on this computer, in seconds. */
export interface Measured {
  /** Until base, teacher and training graph are loaded. */
  readonly loading: number
  /** To encode one text. */
  readonly text: number
  /** For one state: two passes of the teacher. */
  readonly state: number
  /** One batch, forward and back. */
  readonly batch: number
  /** A checkpoint, with the error on one batch that is kept aside. */
  readonly checkpoint: number
  /** Peak of this process, in MiB. */
  readonly memory: number
}

/** Prompts that are enough to see what one takes. */
const few = 4

/**
 * Trains three steps of one batch of a recipe, on a few states and in a folder of their own, and takes the time: the first
 * step lays out memory, the second is measured, the third ends in a checkpoint.
 * @throws what `train` throws
 */
export async function measure(
  recipe: RecipeOf<'guide'>,
  { merges, signal }: { readonly merges: string; readonly signal?: CancelSignal | undefined },
): Promise<Measured> {
  const folder = await mkdtemp(join(tmpdir(), 'cicerone-measure-'))
  try {
    const prompts = join(folder, 'prompts.txt')
    // The shortest, which every base takes; all are padded to the same number of tokens.
    const shortest = (await readPrompts(recipe.prompts)).toSorted((a, b) => a.length - b.length)
    await writeText(prompts, shortest.slice(0, few).join('\n'))
    const { batch, states } = recipe
    // Two groups, so that the second is one without loading.
    const group = states.together + Math.round((states.together * states.noised) / (1 - states.noised))
    const count = Math.max(2 * group, 2 * batch)
    const probe: RecipeOf<'guide'> = {
      ...{ ...recipe, prompts, steps: 3, accumulate: 1, warmup: 0, checkpointEvery: 3, sampleEvery: 0 },
      states: { ...states, count, held: batch, teacherSteps: [1, 1] },
    }
    const marks: Mark[] = []
    const begin = performance.now()
    await train(probe, {
      ...{ folder: join(folder, 'run'), merges, signal, resume: false },
      onProgress: progress => marks.push(markOf(progress, (performance.now() - begin) / 1000)),
    })
    return from(marks)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

interface Mark {
  readonly of: string
  readonly done: number
  /** Seconds since the beginning. */
  readonly at: number
}

const markOf = (progress: TrainProgress, at: number): Mark =>
  progress.phase === 'train' ? { of: 'step', done: progress.step, at } : { of: progress.doing, done: progress.done, at }

function from(marks: readonly Mark[]): Measured {
  /** The first mark of something, and what each took from there to the last. */
  const pace = (of: string, last?: number) => {
    const own = marks.filter(mark => mark.of === of && (last === undefined || mark.done <= last))
    const [first, end] = [own[0] as Mark, own.at(-1) as Mark]
    return { first, each: (end.at - first.at) / Math.max(1, end.done - first.done) }
  }
  const texts = pace('reading the prompts')
  const states = pace('asking the teacher')
  const steps = pace('step', 2)
  const network = pace('loading the network')
  const [third, second] = [3, 2].map(step => marks.find(({ of, done }) => of === 'step' && done === step)?.at ?? 0)
  const lastText = marks.findLast(({ of }) => of === 'reading the prompts')?.at ?? 0
  return {
    loading:
      texts.first.at +
      Math.max(0, states.first.at - lastText - states.first.done * states.each) +
      Math.max(0, steps.first.at - network.first.at - steps.each),
    text: texts.each,
    state: states.each,
    batch: steps.each,
    checkpoint: Math.max(0, (third as number) - (second as number) - steps.each),
    memory: Math.round(process.resourceUsage().maxRSS / 1024),
  }
}
