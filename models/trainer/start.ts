import { fileURLToPath } from 'node:url'
import { startNode } from '../engine/child.ts'
import { fromFailure } from '../engine/failure.ts'
import type { TrainProgress } from '../training/train.ts'
import type { FromTrainer, Results, ToTrainer, Work } from './protocol.ts'

/** The process ended while it trained: not the recipe's fault as far as is known. */
export class TrainerDied extends Error {
  override readonly name = 'TrainerDied'
}

/** A process that trains, or measures what training takes. */
export interface Trainer<Result> {
  readonly pid: number | undefined
  /** Rejects with `UserError`, `Cancelled` where it was stopped, `TrainerDied` where its process ended by itself. */
  readonly result: Promise<Result>
  /** Ends it between two batches, with a checkpoint. While it prepares there is nothing that would be lost: it ends soon. */
  stop(): void
  /** Ends it at once. */
  kill(): void
  /** Lets it go: it ends by itself with a checkpoint, and this process does not wait for it. */
  leave(): void
}

/** Milliseconds in which what is prepared has to stop by itself; onnxruntime cannot be interrupted while it loads. */
const patience = 2000

/** Starts work in a process of its own, under the Node of a path. */
export function startTrainer<W extends Work>(
  work: W,
  { node, onProgress }: { readonly node: string; readonly onProgress?: (progress: TrainProgress) => void },
): Trainer<Results[W['type']]> {
  const child = startNode<ToTrainer, FromTrainer>(fileURLToPath(new URL('./process.ts', import.meta.url)), [], node)
  let isPreparing = true
  const { promise, resolve, reject } = Promise.withResolvers<Results[W['type']]>()
  child.onMessage(message => {
    switch (message.type) {
      case 'progress':
        isPreparing = message.progress.phase === 'prepare'
        return onProgress?.(message.progress)
      case 'done':
        return resolve(message.result as Results[W['type']])
      case 'failed':
        return reject(fromFailure(message.failure))
    }
  })
  const left = Promise.withResolvers<void>()
  const ended = child.ended.then(how => reject(new TrainerDied(`The training ended ${how}.`)))
  child.send(work)
  return {
    pid: child.pid,
    // Its memory is given back, and its claim on the folder, when it has ended.
    result: promise.finally(() => Promise.race([ended, left.promise])),
    stop() {
      child.send({ type: 'stop' })
      setTimeout(() => isPreparing && child.kill(), patience).unref()
    },
    kill: child.kill,
    leave() {
      reject(new TrainerDied('The training was left to end by itself.'))
      left.resolve()
      child.leave()
    },
  }
}
