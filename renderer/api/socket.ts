import { type BackMessage, backMessage, type CallMessage } from '../../preload/contract/wire.ts'
import { ApiError } from './errors.ts'
import type { ConnectionState, Transport } from './transport.ts'

interface Pending {
  resolve(result: unknown): void
  reject(error: ApiError): void
}

const firstDelay = 250
const longestDelay = 5000

/** Calls over a WebSocket, which is opened again with growing pauses whenever it closes. */
export class SocketTransport implements Transport {
  readonly #url: string
  readonly #pending = new Map<number, Pending>()
  /** Calls made before the first connection, or while it is being made again. */
  #waiting: string[] = []
  #events: (name: string, payload: unknown) => void = () => {}
  #connection: (state: ConnectionState) => void = () => {}
  #socket: WebSocket | undefined
  #delay = firstDelay
  #next = 1

  constructor(url: string) {
    this.#url = url
    this.#open()
  }

  onEvent(listener: (name: string, payload: unknown) => void): void {
    this.#events = listener
  }

  onConnection(listener: (state: ConnectionState) => void): void {
    this.#connection = listener
    if (this.#socket?.readyState === WebSocket.OPEN) listener('open')
  }

  call(method: string, input: unknown): Promise<unknown> {
    const message: CallMessage = { id: this.#next++, method, input }
    return new Promise((resolve, reject) => {
      this.#pending.set(message.id, { resolve, reject })
      const text = JSON.stringify(message)
      if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(text)
      else this.#waiting.push(text)
    })
  }

  #open(): void {
    const socket = new WebSocket(this.#url)
    this.#socket = socket
    socket.onopen = () => {
      this.#delay = firstDelay
      for (const text of this.#waiting) socket.send(text)
      this.#waiting = []
      this.#connection('open')
    }
    socket.onmessage = ({ data }) => this.#receive(data)
    socket.onclose = () => this.#closed()
  }

  #closed(): void {
    const lost = new ApiError(
      'The studio does not answer.',
      'It is called again until it does; start it if it has ended.',
    )
    for (const { reject } of this.#pending.values()) reject(lost)
    this.#pending.clear()
    this.#waiting = []
    this.#connection('lost')
    void this.#askWhy()
    setTimeout(() => this.#open(), this.#delay)
    this.#delay = Math.min(this.#delay * 2, longestDelay)
  }

  /** A socket that is refused does not say so; a plain request does. */
  async #askWhy(): Promise<void> {
    const answer = await fetch('/session').catch(() => undefined)
    if (answer?.status === 401 && this.#socket?.readyState !== WebSocket.OPEN) this.#connection('refused')
  }

  #receive(data: unknown): void {
    const parsed = backMessage.safeParse(JSON.parse(String(data)))
    if (parsed.success) this.#take(parsed.data)
    else console.error('The studio sent a message that is none of the contract.', data)
  }

  #take(message: BackMessage): void {
    if ('event' in message) {
      this.#events(message.event, message.payload)
      return
    }
    const pending = this.#pending.get(message.id)
    this.#pending.delete(message.id)
    if ('error' in message) pending?.reject(new ApiError(message.error.message, message.error.hint))
    else pending?.resolve(message.result)
  }
}
