import { writeFile } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { Cancelled } from '../engine/cancel-flag.ts'
import { toFailure } from '../engine/failure.ts'
import { measure } from '../training/measure.ts'
import { trainRecipe } from '../training/stages.ts'
import type { TrainProgress } from '../training/train.ts'
import type { FromTrainer, Results, ToTrainer, Work } from './protocol.ts'

/**
 * The process that trains: `node process.ts` with an IPC channel (`start.ts` starts it). Its one thread hears between two
 * batches that it is to stop, and then ends with a checkpoint; so it does where the studio is gone.
 */
const stopping = new AbortController()
const stop = (): void => stopping.abort(new Cancelled('The training was stopped.'))
const send = (message: FromTrainer): Promise<void> =>
  new Promise(resolve => process.send?.(message, undefined, {}, () => resolve()) ?? resolve())

/** Milliseconds from one word of progress to the next; what begins, ends or is kept is told at once. */
const tellEvery = 250

function teller(): (progress: TrainProgress) => void {
  let told: { readonly at: number; readonly what: string } | undefined
  return progress => {
    const isTraining = progress.phase === 'train'
    const what = isTraining ? `${progress.saved}` : progress.doing
    const isEnd = isTraining ? progress.step === progress.steps : progress.done === progress.total
    const now = performance.now()
    if (told && told.what === what && !isEnd && now - told.at < tellEvery) return
    told = { at: now, what }
    void send({ type: 'progress', progress })
  }
}

function begin(work: Work): Promise<Results[Work['type']]> {
  const { signal } = stopping
  switch (work.type) {
    case 'measure':
      return measure(work.recipe, { merges: work.merges, signal })
    case 'train': {
      const { recipe, folder, merges } = work
      return trainRecipe(recipe, { folder, merges, signal, resume: 'auto', by: 'the studio', onProgress: teller() })
    }
  }
}

async function run(work: Work): Promise<void> {
  await begin(work).then(
    result => send({ type: 'done', result }),
    error => send({ type: 'failed', failure: toFailure(error) }),
  )
  process.exit()
}

let begun = false
process.on('message', (message: ToTrainer) => {
  if (message.type === 'stop') return stop()
  begun = true
  void run(message)
})
process.on('disconnect', () => (begun ? stop() : process.exit()))
process.on('SIGTERM', stop)
// Ctrl+C reaches the whole group of processes; what it means here is the studio's to say.
process.on('SIGINT', () => undefined)
// The window and what else the person does go first.
try {
  setPriority(constants.priority.PRIORITY_BELOW_NORMAL)
} catch {
  // Then it is as urgent as everything else.
}
// Where the system itself runs out of memory it should end this process rather than the window's.
if (process.platform === 'linux') await writeFile('/proc/self/oom_score_adj', '500').catch(() => undefined)
