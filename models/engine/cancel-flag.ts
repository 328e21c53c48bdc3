import type { CancelSignal } from '../pipelines/cancel.ts'

/** What work throws when its flag is raised. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled'
}

/** Cancels work on a thread that takes no messages, because onnxruntime blocks it: memory that both threads see. */
export class CancelFlag {
  readonly memory: SharedArrayBuffer
  readonly #last: Int32Array

  constructor(memory = new SharedArrayBuffer(4)) {
    this.memory = memory
    this.#last = new Int32Array(memory)
  }

  /** Cancels the request of this number, and those before it. */
  raise(id: number): void {
    Atomics.store(this.#last, 0, id)
  }

  signal(id: number): CancelSignal {
    return {
      throwIfAborted: () => {
        if (Atomics.load(this.#last, 0) >= id) throw new Cancelled('The request was cancelled.')
      },
    }
  }
}
