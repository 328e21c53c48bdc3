import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { FromEngine, ToEngine } from './protocol.ts'

/** An engine's process as the client sees it. */
export interface EngineProcess {
  readonly pid: number | undefined
  send(message: ToEngine): void
  onMessage(listener: (message: FromEngine) => void): void
  /** Ends it at once; it has nothing to save. */
  kill(): void
  /** How it ended, as the end of a sentence: `with exit code 1: Error: ...`. */
  readonly ended: Promise<string>
}

/** Starts an engine's process. */
export type Launcher = (options: { readonly memoryBudgetMiB: number }) => EngineProcess

/** Characters of stderr that are kept to tell why a process ended. */
const kept = 8192

/** Starts the engine under the Node of a path; Electron's own process is none. */
export const launchUnder =
  (execPath: string): Launcher =>
  ({ memoryBudgetMiB }) => {
    const child = fork(fileURLToPath(new URL('./process.ts', import.meta.url)), [String(memoryBudgetMiB)], {
      execPath,
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      execArgv: [],
      env: environment(),
    })
    let stderr = ''
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr = (stderr + text).slice(-kept)
      if (process.env.CICERONE_DEBUG) process.stderr.write(text)
    })
    return {
      pid: child.pid,
      // Where the channel is closed, the end of the process is told as well.
      send: message => child.send(message, () => undefined),
      onMessage: listener => child.on('message', message => listener(message as FromEngine)),
      kill: () => child.kill('SIGKILL'),
      ended: new Promise(resolve => {
        child.on('error', error => child.pid === undefined && resolve(`before it began: ${error.message}`))
        child.on('close', (code, signal) => resolve(ending(code, signal, stderr)))
      }),
    }
  }

/** This process's own, without what would make Node load or write other things: NODE_OPTIONS, NODE_PATH and the like. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^NODE_/i.test(name))
  // Without it glibc keeps what a released session took.
  return { ...Object.fromEntries(own), ...(process.platform === 'linux' && { MALLOC_MMAP_THRESHOLD_: '65536' }) }
}

/** Starts the engine under this Node. */
export const launchNode: Launcher = launchUnder(process.execPath)

function ending(code: number | null, signal: string | null, stderr: string): string {
  const how = signal === null ? `with exit code ${code}` : `by ${signal}`
  const line = lastLine(stderr)
  return line === undefined ? how : `${how}: ${line}`
}

/** The line that says most: of a stack trace the error, else the last. */
function lastLine(text: string): string | undefined {
  const lines = text
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
  return lines.findLast(line => /^\w*Error: /.test(line)) ?? lines.at(-1)
}
