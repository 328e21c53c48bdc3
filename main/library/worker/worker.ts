import { Worker } from 'node:worker_threads'
import { UserError } from '../../../models/errors.ts'
import type { Answer, Question, Result, Work } from './messages.ts'

interface Pending {
  resolve(result: unknown): void
  reject(error: Error): void
}

/**
 * A thread that looks at headers and computes hashes, so that main never waits. It starts with the first question and
 * does not keep the process alive by itself.
 */
export class LibraryWorker {
  #thread: Worker | undefined
  #next = 0
  readonly #pending = new Map<number, Pending>()

  /** Throws `UserError` where the file is at fault. */
  ask<W extends keyof Work>(work: W, ...given: Parameters<Work[W]>): Promise<Result<W>> {
    return new Promise((resolve, reject) => {
      const id = this.#next++
      this.#thread ??= this.#start()
      const thread = this.#thread
      this.#pending.set(id, { resolve: result => resolve(result as Result<W>), reject })
      thread.ref()
      thread.postMessage({ id, work, given } satisfies Question)
    })
  }

  /** What was asked and not answered is rejected. */
  async close(): Promise<void> {
    await this.#thread?.terminate()
  }

  #start(): Worker {
    const thread = new Worker(new URL('./thread.ts', import.meta.url))
    thread.on('message', (answer: Answer) => {
      const pending = this.#pending.get(answer.id)
      this.#pending.delete(answer.id)
      if ('result' in answer) pending?.resolve(answer.result)
      else pending?.reject(understood(answer.error))
      if (this.#pending.size === 0) thread.unref()
    })
    let reason = new Error("The library's thread was closed.")
    thread.on('error', error => {
      reason = error instanceof Error ? error : new Error(String(error))
    })
    thread.on('exit', () => {
      this.#thread = undefined
      const waiting = [...this.#pending.values()]
      this.#pending.clear()
      for (const { reject } of waiting) reject(reason)
    })
    return thread
  }
}

const understood = ({ message, hint, user }: { message: string; hint: string; user: boolean }): Error =>
  user ? new UserError(message, hint) : new Error(message)
