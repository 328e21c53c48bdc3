import type { EventName } from '../preload/contract/index.ts'
import type { Payload } from '../preload/contract/wire.ts'

type Listener = (name: EventName, payload: unknown) => void

/** What services tell and hosts pass on to every window. */
export class Events {
  readonly #listeners = new Set<Listener>()

  emit<N extends EventName>(name: N, payload: Payload<N>): void {
    for (const listener of this.#listeners) listener(name, payload)
  }

  /** Calls `listener` with every event until the returned function is called. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}
