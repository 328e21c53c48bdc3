import { WebSocket } from 'ws'
import { type Api, contract, type EventName } from '../../../preload/contract/index.ts'
import { backMessage, type Payload } from '../../../preload/contract/wire.ts'

/** A window without a browser: calls the studio and hears its events. */
export interface Connection {
  readonly api: Api
  /** Waits for an event that fits; only what comes after the call counts. */
  next<N extends EventName>(name: N, fits?: (payload: Payload<N>) => boolean): Promise<Payload<N>>
  /** Calls `listener` with each such event. */
  on<N extends EventName>(name: N, listener: (payload: Payload<N>) => void): void
  close(): void
}

/** An error that the studio answered with. */
export class Refused extends Error {
  readonly hint: string

  constructor({ message, hint }: { message: string; hint: string }) {
    super(message)
    this.hint = hint
  }
}

/** Uses up a link and returns the session's cookie. */
export async function cookieFor(link: string): Promise<string> {
  const { origin, hash } = new URL(link)
  const answer = await fetch(`${origin}/session`, { method: 'POST', body: hash.slice(1), headers: { origin } })
  if (!answer.ok) throw new Error(`The link was refused with ${answer.status}: ${await answer.text()}`)
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

/** Connects as a window does. What is under way when the studio ends is rejected. */
export async function connect(link: string, cookie: string): Promise<Connection> {
  const { origin } = new URL(link)
  const socket = new WebSocket(`${origin.replace('http', 'ws')}/api`, { headers: { cookie, origin } })
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject))
  const pending = new Map<number, PromiseWithResolvers<unknown>>()
  const listeners = new Set<(name: string, payload: unknown) => void>()
  const waiting = new Set<(error: Error) => void>()
  let ids = 0

  socket.on('message', data => {
    const message = backMessage.parse(JSON.parse(data.toString()))
    if ('event' in message) for (const listener of [...listeners]) listener(message.event, message.payload)
    else if ('error' in message) pending.get(message.id)?.reject(new Refused(message.error))
    else pending.get(message.id)?.resolve(message.result)
    if ('id' in message) pending.delete(message.id)
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    const lost = new Error('The connection ended.')
    for (const { reject } of pending.values()) reject(lost)
    for (const reject of waiting) reject(lost)
    pending.clear()
    waiting.clear()
  })

  function call(method: string, input: unknown): Promise<unknown> {
    if (socket.readyState !== WebSocket.OPEN) return Promise.reject(new Error('The connection ended.'))
    const answer = Promise.withResolvers<unknown>()
    const id = ++ids
    pending.set(id, answer)
    socket.send(JSON.stringify({ id, method, input }))
    return answer.promise
  }
  const on: Connection['on'] = (name, listener) =>
    // Of this name there is only this payload.
    void listeners.add((heard, payload) => heard === name && listener(payload as Payload<typeof name>))
  const services = Object.entries(contract).map(([service, { methods }]) => [
    service,
    Object.fromEntries(Object.keys(methods).map(name => [name, (input: unknown) => call(`${service}.${name}`, input)])),
  ])

  return {
    // Made of the table that the type is made of.
    api: Object.fromEntries(services) as Api,
    on,
    next: (name, fits = () => true) =>
      new Promise((resolve, reject) => {
        waiting.add(reject)
        on(name, payload => fits(payload) && resolve(payload))
      }),
    close: () => socket.close(),
  }
}
