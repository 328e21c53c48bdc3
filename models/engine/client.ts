import { totalmem } from 'node:os'
import { type Engine, EngineDied, type EngineHandlers, type EngineRequest, type EngineState } from './engine.ts'
import { fromFailure } from './failure.ts'
import { Job } from './job.ts'
import { type EngineProcess, type Launcher, launchNode } from './launch.ts'
import type { FromEngine } from './protocol.ts'
import { Watchdog } from './watchdog.ts'

export interface EngineOptions {
  /** How the engine's process is started; under this Node where it is left out. */
  readonly launcher?: Launcher | undefined
  /** What the weights of all loaded networks may take together, as f32; 60% of the computer's memory. */
  readonly memoryBudgetMiB?: number | undefined
  /** Milliseconds without a heartbeat after which the process counts as dead. */
  readonly silence?: number | undefined
}

/** An engine with a process of its own. */
export interface ProcessEngine extends Engine {
  /** Of the process that runs now. */
  readonly pid: number | undefined
}

/** Starts the engine's process. It is started again whenever it ends, until `close` is called. */
export const createEngine = (options: EngineOptions = {}): ProcessEngine => new Client(options)

export const defaultBudgetMiB = (): number => Math.round((totalmem() / 2 ** 20) * 0.6)

/** Milliseconds in which work has to end after a cancel, before its process is ended. */
const patience = 2000

/** Deaths in a row after which the engine is not started again by itself. */
const mostDeaths = 3

class Client implements ProcessEngine {
  readonly #launcher: Launcher
  readonly #memoryBudgetMiB: number
  readonly #silence: number
  readonly #listeners = new Set<() => void>()
  readonly #line: Job[] = []
  #current: Job | undefined
  #process: EngineProcess | undefined
  #state: EngineState = 'starting'
  #memory = 0
  #ids = 0
  /** Since the engine last answered a request. */
  #deaths = 0
  #restart: NodeJS.Timeout | undefined
  #closed: Promise<void> | undefined

  constructor({ launcher = launchNode, memoryBudgetMiB = defaultBudgetMiB(), silence = 10_000 }: EngineOptions) {
    this.#launcher = launcher
    this.#memoryBudgetMiB = memoryBudgetMiB
    this.#silence = silence
    this.#start()
  }

  get state(): EngineState {
    return this.#state
  }

  get memory(): number {
    return this.#memory
  }

  get pid(): number | undefined {
    return this.#process?.pid
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  async generate(request: EngineRequest, handlers: EngineHandlers): Promise<void> {
    handlers.signal?.throwIfAborted()
    if (this.#closed) throw closed()
    const job = new Job(++this.#ids, request, handlers, stopped => this.#stop(stopped))
    this.#line.push(job)
    if (this.#state === 'dead') {
      this.#deaths = 0
      this.#start()
    } else this.#next()
    await job.promise
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    clearTimeout(this.#restart)
    for (const job of this.#line.splice(0)) void job.end(closed())
    this.#process?.kill()
    await this.#process?.ended
    this.#change('dead', 0)
  }

  #start(): void {
    this.#change('starting')
    const started = this.#launcher({ memoryBudgetMiB: this.#memoryBudgetMiB })
    this.#process = started
    let silent = false
    const watchdog = new Watchdog(this.#silence, () => {
      silent = true
      started.kill()
    })
    started.onMessage(message => {
      watchdog.heard(message.type === 'heartbeat' && message.debugged)
      this.#receive(started, message)
    })
    started.ended.then(how => {
      watchdog.stop()
      this.#ended(silent ? `after it did not answer for ${this.#silence / 1000} s` : how)
    })
  }

  #receive(from: EngineProcess, message: FromEngine): void {
    if (message.type === 'heartbeat') this.#change(this.#state, message.memory)
    else if (message.type === 'ready') {
      this.#change('ready')
      this.#next()
    } else if (message.id === this.#current?.id) this.#work(this.#current, from, message)
  }

  #work(job: Job, from: EngineProcess, message: Extract<FromEngine, { id: number }>): void {
    switch (message.type) {
      case 'progress':
        job.progress(message.progress)
        break
      case 'picture':
        void job.take(message.picture).then(() => from.send({ type: 'taken', id: job.id }))
        break
      case 'done':
        this.#answered(job)
        break
      case 'failed':
        this.#answered(job, fromFailure(message.failure))
    }
  }

  #next(): void {
    if (this.#state !== 'ready') return
    const job = this.#line.shift()
    if (!job) return
    this.#current = job
    this.#change('busy')
    this.#process?.send({ type: 'generate', id: job.id, request: job.request })
  }

  #answered(job: Job, error?: Error): void {
    this.#deaths = 0
    this.#current = undefined
    void job.end(error)
    this.#change('ready')
    this.#next()
  }

  /** The work on a job is not wanted any more. */
  #stop(job: Job): void {
    if (job !== this.#current) {
      const at = this.#line.indexOf(job)
      // The engine died while a picture of it was being saved: it ends by itself.
      if (at < 0) return
      this.#line.splice(at, 1)
      void job.end()
      return
    }
    const running = this.#process
    running?.send({ type: 'cancel', id: job.id })
    const timer = setInterval(() => {
      if (this.#current === job && job.taking) return
      clearInterval(timer)
      // A native call cannot be interrupted.
      if (this.#current === job) running?.kill()
    }, patience)
  }

  #ended(how: string): void {
    this.#process = undefined
    const job = this.#current
    this.#current = undefined
    const died = this.#closed ? closed() : new EngineDied(`The engine ended ${how}.`)
    void job?.end(died)
    // Work that was stopped and went on is ended by `#stop`: no fault.
    if (!job?.stopped) this.#deaths++
    if (this.#closed || this.#deaths >= mostDeaths) {
      for (const waiting of this.#line.splice(0)) void waiting.end(died)
      this.#change('dead', 0)
    } else {
      this.#change('starting', 0)
      this.#restart = setTimeout(() => this.#start(), this.#deaths === 0 ? 0 : 100 * 5 ** (this.#deaths - 1))
    }
  }

  #change(state: EngineState, memory = this.#memory): void {
    if (state === this.#state && memory === this.#memory) return
    this.#state = state
    this.#memory = memory
    for (const listener of this.#listeners) listener()
  }
}

const closed = () => new EngineDied('The engine was closed.')
