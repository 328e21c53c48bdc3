import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Connection, connect, cookieFor } from './api.ts'
import { enginePid, kill9 } from './processes.ts'

const entry = join(import.meta.dirname, '../../../main/hosts/cli/cicerone.ts')

/** A studio in a process of its own, as `cicerone serve` starts it. */
export interface Studio {
  readonly data: string
  readonly pid: number
  /** A link that nobody has used; each opens one browser. */
  link(): Promise<string>
  /** A window without a browser. */
  connect(): Promise<Connection>
  /** Ctrl+C; the exit code. Where it does not end by itself, that is an error. */
  stop(): Promise<number | null>
  /** kill -9 of the studio and its engine at once. */
  kill(): Promise<void>
  /** What it has written to stderr so far. */
  readonly errors: string
}

export interface StudioOptions {
  /** Data folder of an earlier one; a new one where it is left out. */
  readonly data?: string
  readonly args?: readonly string[]
  /** Hears the process's number before the studio is ready. */
  readonly onSpawn?: (pid: number) => void
}

const running = new Set<number>()
const killAll = () => running.forEach(kill9)
process.on('exit', killAll)
// A test that fails leaves its studio; scripts use this file as well, and outside of vitest its package cannot be imported.
if (process.env.VITEST) (await import('vitest')).afterAll(killAll)

export const temporaryData = (): Promise<string> => mkdtemp(join(tmpdir(), 'cicerone-studio-'))

/** Starts a studio and waits until it can be opened; rejects with what it said where it cannot. */
export async function startStudio({ data, args = [], onSpawn }: StudioOptions = {}): Promise<Studio> {
  const folder = data ?? (await temporaryData())
  const desktop = await import('./desktop.ts')
  if (desktop.inElectron) return desktop.startDesktop(folder, { args, ...(onSpawn && { onSpawn }) })
  const flags = ['serve', '--json', '--data-dir', folder, '--port', '0', ...args]
  const child = spawn(process.execPath, [entry, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'],
    // What tests delete does not belong in the person's own trash.
    env: { ...process.env, XDG_DATA_HOME: join(folder, 'trash-of-the-system') },
  })
  const { pid = 0 } = child
  running.add(pid)
  onSpawn?.(pid)
  let errors = ''
  child.stderr.on('data', part => (errors += part))
  const ended = once(child, 'close').then(([code]) => {
    running.delete(pid)
    return code as number | null
  })

  const links: string[] = []
  let fresh = Promise.withResolvers<void>()
  createInterface(child.stdout).on('line', line => {
    const { url } = JSON.parse(line)
    if (url === undefined) return
    links.push(url)
    fresh.resolve()
    fresh = Promise.withResolvers()
  })
  const over = ended.then(code => {
    throw new Error(`The studio ended with ${code}: ${errors}`)
  })
  over.catch(() => {})

  const link = async (): Promise<string> => {
    while (links.length === 0) await Promise.race([fresh.promise, over])
    return links.shift() ?? ''
  }
  const first = await link()
  links.unshift(first)

  return {
    data: folder,
    pid,
    link,
    async connect() {
      const used = await link()
      return connect(used, await cookieFor(used))
    },
    async stop() {
      child.kill('SIGINT')
      const late = Symbol('late')
      const timer = Promise.withResolvers<typeof late>()
      const timeout = setTimeout(timer.resolve, 20_000, late)
      const code = await Promise.race([ended, timer.promise])
      clearTimeout(timeout)
      if (code !== late) return code
      kill9(pid)
      throw new Error(`The studio did not end by itself: ${errors}`)
    },
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
