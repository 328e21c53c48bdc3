import type { Engine } from '../../models/engine/engine.ts'
import { UserError } from '../../models/errors.ts'
import type { Contract } from '../../preload/contract/index.ts'
import type { Job, PaintJob, QueueState, TrainJob } from '../../preload/contract/queue.ts'
import type { Implementation } from '../../preload/contract/service.ts'
import type { Database } from '../database/database.ts'
import type { JobChanges, JobRow } from '../database/queries/jobs.ts'
import type { Events } from '../events.ts'
import { Drafts } from './drafts.ts'
import { goesOn, type JobKind, type RowOf, SavingFailed } from './kind.ts'
import { type Painting, painting } from './paint.ts'
import { type Choices, settled } from './request.ts'

export interface QueueOptions extends Painting {
  readonly database: Pick<Database, 'jobs' | 'settings'>
  readonly engine: Engine
  readonly events: Events
  readonly choices: Choices
  /** How guides are trained. */
  readonly train: JobKind<RowOf<'train'>>
  /** Told whenever jobs may have changed. */
  readonly onChanged?: () => void
}

type Service = Implementation<Contract['queue']>

const pausedKey = 'queue.paused'
/** Milliseconds without a wish of the person until what makes way goes on: loading takes a while, and the next wish may come soon. */
const quiet = 5000

interface Current {
  readonly id: number
  readonly kind: JobKind<JobRow>
  readonly controller: AbortController
  readonly ended: PromiseWithResolvers<void>
}

/** What was asked for: kept in the database, done one after another, pictures first, whatever happens in between. */
export class Queue {
  readonly #options: QueueOptions
  readonly #jobs: Database['jobs']
  readonly #drafts: Drafts
  readonly #kinds: { readonly [K in Job['kind']]: JobKind<RowOf<K>> }
  readonly #listeners = new Set<() => void>()
  #paused = false
  #waiting: string | null = null
  #current: Current | undefined
  #running: Promise<void> | undefined
  /** Whether something came in while the queue was about to stop. */
  #again = false
  #closed = false
  /** What is done beside the jobs, and others make way for. */
  #asides = 0
  /** Until when what makes way rests. */
  #quietUntil = 0
  #wake: NodeJS.Timeout | undefined

  constructor(options: QueueOptions) {
    this.#options = options
    this.#jobs = options.database.jobs
    this.#drafts = new Drafts(options.engine, options.choices)
    this.#kinds = { paint: painting(options), train: options.train }
  }

  /** Takes up what an earlier run of the studio left. */
  async open(): Promise<void> {
    this.#paused = (await this.#options.database.settings.get(pausedKey)) === true
    for (const row of await this.#jobs.pending())
      if (row.state === 'running')
        await this.#jobs.update(row.id, { state: 'queued', done: await this.#kindOf(row).counted(row) })
    this.#goOn()
  }

  readonly service: Service = {
    draft: async asked => (this.isIdle ? this.aside(free => this.#drafts.paint(asked, free)) : null),
    cancelDraft: async () => {
      this.#drafts.cancel()
      return {}
    },
    enqueue: async asked => {
      const row = await this.#jobs.add({ kind: 'paint', request: await settled(asked, this.#options.choices) })
      this.#added(row)
      return jobOf(row) as PaintJob
    },
    state: () => this.#state(),
    cancel: async ({ id }) => {
      if (this.#current?.id === id) this.#current.controller.abort()
      else await this.#jobs.cancelPending(id)
      this.#tell()
      return {}
    },
    cancelAll: async () => {
      await this.#jobs.cancelPending()
      this.#current?.controller.abort()
      this.#tell()
      return {}
    },
    pause: () => this.#pause(true),
    resume: () => this.#pause(false),
    retry: async ({ id }) => {
      const row = await this.#jobs.get(id)
      if (row?.state !== 'failed' && row?.state !== 'cancelled')
        throw new UserError('This request cannot be painted again.', 'Only one that failed or was cancelled can.')
      return jobOf(await this.#requeue(row))
    },
    dismiss: async ({ id }) => {
      if ((await this.#jobs.get(id))?.state === 'failed') await this.#jobs.remove(id)
      this.#tell()
      return {}
    },
  }

  /** Puts the training of a run into the queue, for the first time or again. */
  async train({ run, name }: Pick<TrainJob, 'run' | 'name'>): Promise<void> {
    const known = (await this.#jobs.trainings()).find(row => row.run === run)
    if (known?.state === 'queued' || known?.state === 'running') return
    if (known) await this.#requeue(known)
    else this.#added(await this.#jobs.add({ kind: 'train', run, name }))
  }

  /** Whether nothing is done but what makes way. */
  get isIdle(): boolean {
    return this.#current === undefined || this.#current.kind.yields
  }

  /** Told whenever `isIdle` changes. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Does something beside the jobs, which training makes way for; `free` is fulfilled when it has. */
  async aside<T>(work: (free: Promise<void>) => Promise<T>): Promise<T> {
    this.#asides++
    this.#makeWay()
    try {
      return await work(this.#current?.kind.yields ? this.#current.ended.promise : Promise.resolve())
    } finally {
      this.#asides--
      this.#quietUntil = performance.now() + quiet
      this.#goOn()
    }
  }

  /** Stops what is done; it goes on with what is missing when the studio is opened again. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#wake)
    this.#drafts.cancel()
    this.#current?.controller.abort(goesOn.closing)
    await this.#running
  }

  #kindOf(row: JobRow): JobKind<JobRow> {
    return this.#kinds[row.kind] as JobKind<JobRow>
  }

  async #requeue(row: JobRow): Promise<JobRow> {
    const again = (await this.#jobs.requeue(row.id)) ?? row
    // As good a word as Resume.
    this.#waiting = null
    this.#added(again)
    return again
  }

  #added(row: JobRow): void {
    this.#tell()
    if (!this.#kindOf(row).yields && !this.#isStopped) this.#makeWay()
    this.#goOn()
  }

  #makeWay(): void {
    if (this.#current?.kind.yields) this.#current.controller.abort(goesOn.makingWay)
  }

  async #pause(paused: boolean): Promise<Record<string, never>> {
    this.#paused = paused
    if (!paused) this.#waiting = null
    else if (this.#current?.kind.yields) this.#current.controller.abort(goesOn.pausing)
    this.#tell()
    this.#goOn()
    // On a full disk it counts until the studio is closed.
    await this.#options.database.settings.set(pausedKey, paused).catch(() => undefined)
    return {}
  }

  get #isStopped(): boolean {
    return this.#closed || this.#paused || this.#waiting !== null
  }

  #goOn(): void {
    clearTimeout(this.#wake)
    if (this.#isStopped) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = this.#doAll().finally(() => {
      this.#running = undefined
      if (this.#again) this.#goOn()
    })
  }

  async #doAll(): Promise<void> {
    try {
      while (!this.#isStopped) {
        this.#again = false
        const next = await this.#next()
        if (!next) break
        this.#drafts.cancel()
        const kind = this.#kindOf(next)
        this.#turnTo({ id: next.id, kind, controller: new AbortController(), ended: Promise.withResolvers() })
        await this.#do(this.#current as Current)
        if (!kind.yields) this.#quietUntil = performance.now() + quiet
        this.#turnTo(undefined)
        this.#tell()
      }
    } catch (error) {
      // The database itself does not answer: nothing can be kept, not even what went wrong.
      this.#waiting = reasonOf(error).message
      this.#tell()
    } finally {
      this.#turnTo(undefined)
    }
  }

  /** The job that is to be done now. What makes way is begun when nothing else was wished for a while. */
  async #next(): Promise<JobRow | undefined> {
    const [first] = await this.#jobs.pending()
    if (!first || !this.#kindOf(first).yields) return first
    if (this.#isStopped || this.#asides > 0) return undefined
    const rest = this.#quietUntil - performance.now()
    if (rest <= 0) return first
    this.#wake = setTimeout(() => this.#goOn(), rest)
    return undefined
  }

  async #do({ id, kind, controller }: Current): Promise<void> {
    const job = await this.#jobs.start(id)
    if (!job) return
    this.#tell()
    const { signal } = controller
    try {
      signal.throwIfAborted()
      await kind.run(job, {
        signal,
        onDone: async (done, missing) => {
          await this.#update(id, { done })
          if (this.#paused && missing > 0) controller.abort(goesOn.pausing)
        },
      })
      await this.#update(id, { state: 'done' })
    } catch (error) {
      await this.#ended(job, error, signal)
    }
  }

  /** What becomes of a job that did not reach its end. */
  async #ended(job: JobRow, error: unknown, signal: AbortSignal): Promise<void> {
    const { deaths } = this.#kindOf(job)
    if (error instanceof SavingFailed) {
      const reason = reasonOf(error.cause)
      await this.#fail(job.id, { error: reason }, reason.message)
    } else if (signal.aborted && !(error instanceof UserError)) {
      const again = Object.values(goesOn).includes(signal.reason)
      await this.#update(job.id, { state: again ? 'queued' : 'cancelled' })
    } else if (deaths.is(error)) await this.#died(job)
    else await this.#update(job.id, { state: 'failed', error: reasonOf(error) })
  }

  async #died(job: JobRow): Promise<void> {
    const { most, again, failed: error, waiting } = this.#kindOf(job).deaths
    const { events } = this.#options
    const deaths = job.deaths + 1
    if (deaths < most) {
      await this.#update(job.id, { state: 'queued', deaths })
      events.emit('system.notice', { level: 'info', message: again, hint: '' })
      return
    }
    await this.#fail(job.id, { deaths, error }, waiting)
    events.emit('system.notice', { level: 'error', ...error })
  }

  /** Fails a job and, where it is said why, waits for the person: told together, for who is told of the one looks for the other. */
  async #fail(id: number, changes: JobChanges, waiting: string | undefined): Promise<void> {
    await this.#jobs.update(id, { ...changes, state: 'failed' })
    if (waiting !== undefined) this.#waiting = waiting
    this.#tell()
  }

  async #update(id: number, changes: JobChanges): Promise<void> {
    await this.#jobs.update(id, changes)
    this.#tell()
  }

  async #state(): Promise<QueueState> {
    const [pending, failed] = await Promise.all([this.#jobs.pending(), this.#jobs.failed()])
    return { paused: this.#paused, waiting: this.#waiting, jobs: [...pending, ...failed].map(jobOf) }
  }

  #tell(): void {
    this.#options.onChanged?.()
    this.#state().then(
      state => this.#options.events.emit('queue.changed', state),
      // The database was closed in the meantime: nobody listens any more.
      () => undefined,
    )
  }

  #turnTo(current: Current | undefined): void {
    const before = this.#current
    this.#current = current
    before?.ended.resolve()
    if (before !== current) for (const listener of this.#listeners) listener()
  }
}

function jobOf(row: JobRow): Job {
  const { deaths: _, started: __, ...job } = row
  return job
}

function reasonOf(error: unknown): { message: string; hint: string } {
  if (error instanceof UserError) return { message: error.message, hint: error.hint }
  const reason = error instanceof Error ? error.message : String(error)
  return { message: `The studio failed: ${reason}`, hint: 'Please report it.' }
}
