import { setTimeout as wait } from 'node:timers/promises'
import { Cancelled } from '../../models/engine/cancel-flag.ts'
import { startTrainer, TrainerDied } from '../../models/trainer/start.ts'
import { claimOf } from '../../models/training/run/claim.ts'
import type { TrainProgress } from '../../models/training/train.ts'
import type { TrainingProgress } from '../../preload/contract/training.ts'
import type { Events } from '../events.ts'
import type { Library } from '../library/library.ts'
import { shipped } from '../paths.ts'
import type { Runs } from '../training/runs.ts'
import { type Doing, goesOn, type JobKind, type RowOf } from './kind.ts'

export interface Trained {
  readonly runs: Runs
  readonly events: Events
  readonly library: Pick<Library, 'resolveBase' | 'service'>
  /** The Node that the process is started under. */
  readonly node: string
  /** Told at every checkpoint. */
  readonly onKept: () => void
}

/** Milliseconds that the studio waits for a last checkpoint when it is closed; then the process makes it by itself. */
const patience = 5000
/** Milliseconds between two looks at a process that is about to end. */
const lookEvery = 200

/** Guides: each in a process of its own, from its last checkpoint to its place in the library. */
export function training(options: Trained): JobKind<RowOf<'train'>> {
  return {
    yields: true,
    run: (job, doing) => train(job, { ...options, ...doing }),
    counted: async () => 0,
    deaths: {
      is: error => error instanceof TrainerDied,
      most: 3,
      again: 'The process that trains a guide ended and was started again from its last checkpoint.',
      failed: {
        message: 'The process that trains this guide ended three times.',
        hint: 'Close programs that need much memory, then go on with it; what it has learned is kept.',
      },
    },
  }
}

async function train(
  { run: id }: RowOf<'train'>,
  { runs, events, library, node, onKept, signal }: Trained & Doing,
): Promise<void> {
  const run = await runs.get(id)
  const base = run.about && (await library.resolveBase(run.about.base)).path
  const recipe = await runs.recipe(run, base)
  const folder = runs.folder(id)
  await orphanEnds(folder, signal)
  signal.throwIfAborted()

  let kept = run.step
  const trainer = startTrainer(
    { type: 'train', recipe, folder, merges: shipped.merges },
    {
      node,
      onProgress(progress) {
        events.emit('training.progress', told(id, progress))
        if (progress.phase !== 'train' || progress.saved === kept) return
        kept = progress.saved
        onKept()
      },
    },
  )
  let leaving: NodeJS.Timeout | undefined
  const stop = () => {
    trainer.stop()
    if (signal.reason === goesOn.closing) leaving = setTimeout(() => trainer.leave(), patience)
  }
  signal.addEventListener('abort', stop, { once: true })
  if (signal.aborted) stop()
  try {
    const { result } = await trainer.result
    // The person's own guides lie on the shelf whatever becomes of the run.
    const { model } = await library.service.import({ source: { path: result }, way: 'copy' })
    await runs.made(run, model.id)
    if (model.name !== recipe.name) await library.service.rename({ id: model.id, name: recipe.name })
  } catch (error) {
    throw signal.aborted && (error instanceof Cancelled || error instanceof TrainerDied) ? signal.reason : error
  } finally {
    clearTimeout(leaving)
    signal.removeEventListener('abort', stop)
  }
}

/** A studio that was killed leaves a process that makes its last checkpoint: it is waited for. */
async function orphanEnds(folder: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const claim = await claimOf(folder)
    if (!claim?.by) return
    await wait(lookEvery, undefined, { signal }).catch(() => undefined)
    signal.throwIfAborted()
  }
}

const told = (run: string, progress: TrainProgress): TrainingProgress =>
  progress.phase === 'prepare'
    ? {
        ...{ run, doing: progress.doing, done: progress.done, total: progress.total },
        ...{ loss: null, examplesPerSecond: null, secondsLeft: null },
      }
    : {
        ...{ run, doing: null, done: progress.step, total: progress.steps },
        ...{ loss: progress.loss, examplesPerSecond: progress.examplesPerSecond, secondsLeft: progress.secondsLeft },
      }
