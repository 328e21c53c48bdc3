import { mkdir, mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Logger, pino } from 'pino'
import sharp from 'sharp'
import { afterAll } from 'vitest'
import { WebSocket } from 'ws'
import { Events } from '../../../main/events.ts'
import type { Hosted } from '../../../main/hosts/http/hosted.ts'
import { type HttpHost, openHttp } from '../../../main/hosts/http/server.ts'
import { contract, type Services } from '../../../preload/contract/index.ts'
import type { BackMessage } from '../../../preload/contract/wire.ts'

type Overrides = { readonly [S in keyof Services]?: Partial<Services[S]> }

/** Services that have what a test gives them; any other method is a fault of the program. */
export function services(given: Overrides): Services {
  const entries = Object.entries(contract).map(([name, { methods }]) => {
    const faulty = Object.keys(methods).map(method => [method, () => Promise.reject(new Error(`secret of ${method}`))])
    return [name, { ...Object.fromEntries(faulty), ...given[name as keyof Services] }]
  })
  return Object.fromEntries(entries) as Services
}

/** A log that is kept in `lines`. */
export function logTo(lines: string[]): Logger {
  return pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) })
}

export const temporary = (): Promise<string> => mkdtemp(join(tmpdir(), 'cicerone-host-'))

export interface Host {
  readonly http: HttpHost
  readonly events: Events
  readonly data: string
  readonly base: string
  readonly log: string[]
  /** Links that were told of after the first. */
  readonly links: string[]
}

const opened: HttpHost[] = []
afterAll(() => Promise.all(opened.map(http => http.close())))

/** A host over small services, with one picture (number 7) and a window of two files. */
export async function openHost(given: Overrides = {}, over: Partial<Hosted> = {}): Promise<Host> {
  const data = await temporary()
  const picture = join(data, 'a.png')
  await sharp({ create: { width: 8, height: 8, channels: 3, background: '#fa0' } })
    .png()
    .toFile(picture)
  const renderer = join(data, 'window')
  await mkdir(renderer)
  await writeFile(join(renderer, 'index.html'), '<!doctype html><title>window</title>')
  await writeFile(join(renderer, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>')
  await writeFile(join(data, 'secret.json'), '{}')
  const events = new Events()
  const log: string[] = []
  const links: string[] = []
  const find = async (id: number) => (id === 7 ? picture : undefined)
  const app: Hosted = {
    services: services(given),
    events,
    gallery: { file: find, thumbnail: find },
    library: {
      previewFile: async id => (id === 'demo' ? picture : id === 'odd' ? join(data, 'secret.json') : undefined),
      inspectStart: () => Promise.reject(new Error('no library here')),
      uploads: { receive: () => Promise.reject(new Error('no uploads here')) },
    },
    runs: { file: async run => (run === 'mine' ? picture : undefined) },
    inputs: {
      keep: () => Promise.reject(new Error('no inputs here')),
      file: () => Promise.resolve(undefined),
    },
    ...over,
  }
  const http = await openHttp({ app, data, renderer, log: logTo(log), port: 0, onLink: link => links.push(link) })
  opened.push(http)
  return { http, events, data, base: `http://127.0.0.1:${http.port}`, log, links }
}

/** Hands a link's token over and returns the answer. */
export function exchange(link: string, headers: Record<string, string> = {}): Promise<Response> {
  const { origin, hash } = new URL(link)
  return fetch(`${origin}/session`, { method: 'POST', body: hash.slice(1), headers: { origin, ...headers } })
}

/** A session's cookie for the host's present link. */
export async function logIn({ http }: Host): Promise<string> {
  const answer = await exchange(http.link())
  return answer.headers.getSetCookie()[0]?.split(';')[0] ?? ''
}

export interface Window {
  readonly socket: WebSocket
  /** Sends text or an object and waits for the next answer that is no event. */
  ask(message: unknown): Promise<BackMessage>
  readonly events: BackMessage[]
  readonly closed: Promise<number>
}

/** A window's WebSocket. Rejects with the status where the host refuses it. */
export function connect(host: Host, cookie: string, headers: Record<string, string> = {}): Promise<Window> {
  const socket = new WebSocket(`${host.base.replace('http', 'ws')}/api`, {
    headers: { cookie, origin: host.base, ...headers },
  })
  const waiting: ((message: BackMessage) => void)[] = []
  const events: BackMessage[] = []
  socket.on('message', data => {
    const message: BackMessage = JSON.parse(data.toString())
    if ('event' in message) events.push(message)
    else waiting.shift()?.(message)
  })
  const closed = new Promise<number>(resolve => socket.on('close', resolve))
  const ask = (message: unknown) =>
    new Promise<BackMessage>(resolve => {
      waiting.push(resolve)
      socket.send(typeof message === 'string' || Buffer.isBuffer(message) ? message : JSON.stringify(message))
    })
  return new Promise((resolve, reject) => {
    socket.on('open', () => resolve({ socket, ask, events, closed }))
    socket.on('unexpected-response', (_, { statusCode }) => reject(new Error(`refused with ${statusCode}`)))
    socket.on('error', reject)
  })
}
