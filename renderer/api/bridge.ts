import type { Bridge } from '../../preload/contract/bridge.ts'
import { backMessage, type CallMessage } from '../../preload/contract/wire.ts'
import { ApiError } from './errors.ts'
import type { ConnectionState, Transport } from './transport.ts'

declare global {
  interface Window {
    readonly cicerone?: Bridge
  }
}

/** Calls over the desktop window's bridge: always there. */
export class BridgeTransport implements Transport {
  readonly #bridge: Bridge
  #next = 1

  constructor(bridge: Bridge) {
    this.#bridge = bridge
  }

  async call(method: string, input: unknown): Promise<unknown> {
    const message: CallMessage = { id: this.#next++, method, input }
    // As over a WebSocket: the proxies of the window's state cannot be cloned.
    const back = backMessage.parse(await this.#bridge.call(JSON.parse(JSON.stringify(message))))
    if ('error' in back) throw new ApiError(back.error.message, back.error.hint)
    return 'result' in back ? back.result : undefined
  }

  onEvent(listener: (name: string, payload: unknown) => void): void {
    this.#bridge.onEvent(message => {
      if ('event' in message) listener(message.event, message.payload)
    })
  }

  onConnection(listener: (state: ConnectionState) => void): void {
    listener('open')
  }
}
