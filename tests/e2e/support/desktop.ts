import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Browser, chromium, type Page } from 'playwright-core'
import { electronBinary } from '../../../main/hosts/electron/binary.ts'
import type { Bridge } from '../../../preload/contract/bridge.ts'
import { type Api, contract, type EventName } from '../../../preload/contract/index.ts'
import { backMessage, type Payload } from '../../../preload/contract/wire.ts'
import { type Connection, Refused } from './api.ts'
import { enginePid, kill9 } from './processes.ts'
import type { Studio, StudioOptions } from './studio.ts'

/**
 * Where the studio runs in these tests: `checkout` in the Electron that was fetched, a path is a packed program; in a
 * browser where DESKTOP is not set.
 */
const { DESKTOP: where = '' } = process.env
export const inElectron = where !== ''

const program = join(import.meta.dirname, '../../../dist/desktop')
const debuggerLine = /DevTools listening on (ws:\S+)/

/** A studio in Electron. Its window is driven over Chromium's debugging port. */
export interface Desktop extends Studio {
  readonly page: Page
}

export const isDesktop = (studio: Studio): studio is Desktop => 'page' in studio

/** The program and its arguments, to be started with more of them. */
export function desktopCommand(): [string, ...string[]] {
  if (where !== 'checkout') return [where]
  const binary = electronBinary()
  if (binary === undefined) throw new Error('There is no Electron here: npx install-electron fetches it.')
  return [binary, program]
}

/** Starts the studio in Electron, and waits until its window has loaded its page. */
export async function startDesktop(data: string, { args = [], onSpawn }: StudioOptions): Promise<Desktop> {
  const [binary, ...before] = desktopCommand()
  const child = spawn(binary, [...before, `--data-dir=${data}`, '--remote-debugging-port=0', ...args], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, XDG_DATA_HOME: join(data, 'trash-of-the-system') },
  })
  const { pid = 0 } = child
  onSpawn?.(pid)
  let errors = ''
  child.stderr.on('data', part => (errors += part))
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const address = new Promise<string>((resolve, reject) => {
    createInterface(child.stderr).on('line', line => {
      const [, url] = debuggerLine.exec(line) ?? []
      if (url) resolve(url)
    })
    void ended.then(code => reject(new Error(`The studio ended with ${code}: ${errors}`)))
  })
  const browser = await chromium.connectOverCDP(await address)
  const page = await studioPage(browser)
  const stop = async () => {
    // Windows ends at once what is sent a signal, without a code; on a Mac a closed window is only hidden.
    if (process.platform === 'win32') await page.close()
    else child.kill('SIGTERM')
    const code = await ended
    await browser.close().catch(() => undefined)
    return code
  }
  return {
    ...{ data, pid, page, stop },
    link: () => Promise.reject(new Error('The desktop studio has no link.')),
    connect: () => connectTo(page),
    async kill() {
      const engine = enginePid(pid)
      kill9(pid)
      if (engine !== undefined) kill9(engine)
      await ended
    },
    get errors() {
      return errors
    },
  }
}

async function studioPage(browser: Browser): Promise<Page> {
  const [context] = browser.contexts()
  if (!context) throw new Error('Electron has no window.')
  const page = context.pages()[0] ?? (await context.waitForEvent('page'))
  await page.waitForURL('cicerone://studio/**')
  await page.getByRole('main').waitFor()
  return page
}

/** What its page has: the bridge, and functions of this test. */
interface PageGlobals {
  readonly cicerone: Bridge
  readonly [heard: `heard${string}`]: (event: string, payload: unknown) => void
}

/** Calls the studio from within its page, as the page itself does. */
async function connectTo(page: Page): Promise<Connection> {
  const listeners = new Set<(name: string, payload: unknown) => void>()
  const name: `heard${string}` = `heard${Math.random().toString(36).slice(2)}`
  await page.exposeFunction(name, (event: string, payload: unknown) => {
    for (const listener of [...listeners]) listener(event, payload)
  })
  const listen = () =>
    page.evaluate((name: `heard${string}`) => {
      const { cicerone, [name]: heard } = globalThis as unknown as PageGlobals
      cicerone.onEvent(message => 'event' in message && heard?.(message.event, message.payload))
    }, name)
  await listen()
  // Also when the page is loaded again; where it is gone before, the next one follows.
  const again = () => void listen().catch(() => undefined)
  page.on('domcontentloaded', again)
  const call = async (method: string, input: unknown): Promise<unknown> => {
    const message = { id: 1, method, input }
    const back = backMessage.parse(
      await page.evaluate(call => (globalThis as unknown as PageGlobals).cicerone.call(call), message),
    )
    if ('error' in back) throw new Refused(back.error)
    return 'result' in back ? back.result : undefined
  }
  const on: Connection['on'] = (wanted, listener) =>
    // Of this name there is only this payload.
    void listeners.add((heard, payload) => heard === wanted && listener(payload as Payload<typeof wanted>))
  const services = Object.entries(contract).map(([service, { methods }]) => [
    service,
    Object.fromEntries(Object.keys(methods).map(name => [name, (input: unknown) => call(`${service}.${name}`, input)])),
  ])
  return {
    // Made of the table that the type is made of.
    api: Object.fromEntries(services) as Api,
    on,
    next: <N extends EventName>(name: N, fits: (payload: Payload<N>) => boolean = () => true) =>
      new Promise<Payload<N>>(resolve => on(name, payload => fits(payload) && resolve(payload))),
    close() {
      page.off('domcontentloaded', again)
      listeners.clear()
    },
  }
}
