import type { ConnectionState, Transport } from './transport.ts'

/** What the preload script of the desktop window offers. */
export interface Bridge {
  call(method: string, input: unknown): Promise<unknown>
  onEvent(listener: (name: string, payload: unknown) => void): void
  /** Where a dropped file lies on disk. */
  pathOf(file: File): string
}

declare global {
  interface Window {
    readonly cicerone?: Bridge
  }
}

/** Calls over the desktop window's bridge: always there. */
export class BridgeTransport implements Transport {
  readonly #bridge: Bridge

  constructor(bridge: Bridge) {
    this.#bridge = bridge
  }

  call(method: string, input: unknown): Promise<unknown> {
    return this.#bridge.call(method, input)
  }

  onEvent(listener: (name: string, payload: unknown) => void): void {
    this.#bridge.onEvent(listener)
  }

  onConnection(listener: (state: ConnectionState) => void): void {
    listener('open')
  }
}
