import type { EventName } from '../../preload/contract/index.ts'
import { eventNamed, type Payload } from '../../preload/contract/wire.ts'

type Listener = (payload: unknown) => void

/** What the studio tells the window; each payload is checked before anyone hears of it. */
export class Events {
  readonly #listeners = new Map<string, Set<Listener>>()

  /** Calls `listener` with every such event until the returned function is called. */
  on<N extends EventName>(name: N, listener: (payload: Payload<N>) => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set()
    this.#listeners.set(name, listeners)
    // `receive` has parsed the payload with this name's schema.
    const checked: Listener = payload => listener(payload as Payload<N>)
    listeners.add(checked)
    return () => listeners.delete(checked)
  }

  receive(name: string, payload: unknown): void {
    const parsed = eventNamed(name)?.safeParse(payload)
    if (parsed?.success) for (const listener of this.#listeners.get(name) ?? []) listener(parsed.data)
    else console.error(`The event ${name} is none of the contract.`, parsed?.error)
  }
}
