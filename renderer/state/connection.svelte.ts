import type { ConnectionState, Transport } from '../api/transport.ts'

/** Whether the studio can be reached, and what is to be asked anew whenever it can be again. */
export class Connection {
  state = $state<ConnectionState | 'opening'>('opening')
  readonly #onOpen: (() => void)[] = []

  constructor(transport: Transport) {
    transport.onConnection(state => {
      this.state = state
      if (state === 'open') for (const listener of this.#onOpen) listener()
    })
  }

  /** Calls `listener` at every connection, also at once where there is one. State classes load themselves here. */
  onOpen(listener: () => void): void {
    this.#onOpen.push(listener)
    if (this.state === 'open') listener()
  }
}
