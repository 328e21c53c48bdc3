import type { EventName } from '../preload/contract/index.ts'
import type { Payload } from '../preload/contract/wire.ts'

type Listener = (name: EventName, payload: unknown) => void

/** Notices that are kept for who comes later. */
const mostKept = 20

/**
 * What services tell and hosts pass on to every window. A notice that is told while there is no window is kept for the next
 * one: the person has to read it.
 */
export class Events {
  readonly #listeners = new Set<Listener>()
  #unheard: Payload<'system.notice'>[] = []

  emit<N extends EventName>(name: N, payload: Payload<N>): void {
    if (this.#listeners.size === 0 && isNotice(name, payload))
      this.#unheard = [...this.#unheard, payload].slice(-mostKept)
    for (const listener of this.#listeners) listener(name, payload)
  }

  /** Calls `listener` with every event until the returned function is called, and at once with the notices that nobody heard. */
  listen(listener: Listener): () => void {
    this.#listeners.add(listener)
    for (const notice of this.#unheard.splice(0)) listener('system.notice', notice)
    return () => this.#listeners.delete(listener)
  }
}

const isNotice = (name: EventName, payload: unknown): payload is Payload<'system.notice'> => name === 'system.notice'
