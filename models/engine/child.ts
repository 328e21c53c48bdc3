import { fork } from 'node:child_process'

/** A Node process apart as its parent sees it. */
export interface Child<To, From> {
  readonly pid: number | undefined
  send(message: To): void
  onMessage(listener: (message: From) => void): void
  /** Ends it at once. */
  kill(): void
  /** Lets it end by itself: this process hears of it no more, and does not wait for it to end. */
  leave(): void
  /** How it ended, as the end of a sentence: `with exit code 1: Error: ...`. */
  readonly ended: Promise<string>
}

/** Characters of stderr that are kept to tell why a process ended. */
const kept = 8192

/** Starts a file under the Node of a path; Electron's own process is none. */
export function startNode<To, From>(file: string, args: readonly string[], execPath: string): Child<To, From> {
  const child = fork(file, args, {
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
    send: message => child.send(message as Parameters<typeof child.send>[0], () => undefined),
    onMessage: listener => child.on('message', message => listener(message as From)),
    kill: () => child.kill('SIGKILL'),
    leave() {
      if (child.connected) child.disconnect()
      child.stderr?.destroy()
      child.unref()
    },
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
