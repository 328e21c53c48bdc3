import { type Engine, EngineDied } from '../../models/engine/engine.ts'
import { UserError } from '../../models/errors.ts'
import type { Contract } from '../../preload/contract/index.ts'
import type { Job, QueueState } from '../../preload/contract/queue.ts'
import type { Implementation } from '../../preload/contract/service.ts'
import type { Database } from '../database/database.ts'
import type { JobChanges, JobRow } from '../database/queries/jobs.ts'
import type { Events } from '../events.ts'
import { Drafts } from './drafts.ts'
import { type Painting, paint, SavingFailed } from './paint.ts'
import { type Choices, seedOf, settled } from './request.ts'

export interface QueueOptions {
  readonly database: Pick<Database, 'jobs' | 'settings'>
  readonly engine: Engine
  readonly events: Events
  readonly choices: Choices
  readonly addPicture: Painting['addPicture']
  /** Settled when every picture on disk has its row, also one whose row was cut off. */
  readonly galleryTidied: Promise<void>
}

type Service = Implementation<Contract['queue']>

const pausedKey = 'queue.paused'
/** Deaths of the engine on one job after which the queue waits for the person. */
const mostDeaths = 2

/** Requests for pictures: kept in the database, painted one after another, whatever happens in between. */
export class Queue {
  readonly #options: QueueOptions
  readonly #jobs: Database['jobs']
  readonly #drafts: Drafts
  readonly #listeners = new Set<() => void>()
  #paused = false
  #waiting: string | null = null
  #current: { readonly id: number; readonly controller: AbortController } | undefined
  #running: Promise<void> | undefined
  /** Whether something came in while the queue was about to stop. */
  #again = false
  #closed = false

  constructor(options: QueueOptions) {
    this.#options = options
    this.#jobs = options.database.jobs
    this.#drafts = new Drafts(options.engine, options.choices)
  }

  /** Takes up what an earlier run of the studio left. */
  async open(): Promise<void> {
    this.#paused = (await this.#options.database.settings.get(pausedKey)) === true
    for (const row of await this.#jobs.pending()) {
      if (row.state !== 'running') continue
      await this.#options.galleryTidied
      await this.#jobs.update(row.id, { state: 'queued', done: await this.#counted(row) })
    }
    this.#goOn()
  }

  readonly service: Service = {
    draft: async asked => (this.isIdle ? this.#drafts.paint(asked) : null),
    cancelDraft: async () => {
      this.#drafts.cancel()
      return {}
    },
    enqueue: async asked => {
      const row = await this.#jobs.add(await settled(asked, this.#options.choices))
      this.#tell()
      this.#goOn()
      return jobOf(row)
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
      const again = await this.#jobs.requeue(id)
      // As good a word as Resume.
      this.#waiting = null
      this.#tell()
      this.#goOn()
      return jobOf(again ?? row)
    },
    dismiss: async ({ id }) => {
      if ((await this.#jobs.get(id))?.state === 'failed') await this.#jobs.remove(id)
      this.#tell()
      return {}
    },
  }

  /** Whether nothing is painted. */
  get isIdle(): boolean {
    return this.#running === undefined
  }

  /** Told whenever `isIdle` changes. */
  onChange(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** Stops what is painted; it goes on with its missing pictures when the studio is opened again. */
  async close(): Promise<void> {
    this.#closed = true
    this.#drafts.cancel()
    this.#current?.controller.abort()
    await this.#running
  }

  async #pause(paused: boolean): Promise<Record<string, never>> {
    this.#paused = paused
    if (!paused) this.#waiting = null
    this.#tell()
    this.#goOn()
    // On a full disk it counts until the studio is closed.
    await this.#options.database.settings.set(pausedKey, paused).catch(() => undefined)
    return {}
  }

  /** Pictures of a job that was cut off: one may have reached the gallery and not been counted. */
  async #counted({ request, done, started }: JobRow): Promise<number> {
    if (done >= request.count || started === null) return done
    const mark = { seed: seedOf(request, done), prompt: request.prompt, since: started }
    return (await this.#jobs.hasPicture(mark)) ? done + 1 : done
  }

  get #isStopped(): boolean {
    return this.#closed || this.#paused || this.#waiting !== null
  }

  #goOn(): void {
    if (this.#isStopped) return
    if (this.#running) {
      this.#again = true
      return
    }
    this.#running = this.#paintAll().finally(() => {
      this.#running = undefined
      this.#notify()
      if (this.#again) this.#goOn()
    })
    this.#notify()
  }

  async #paintAll(): Promise<void> {
    try {
      while (!this.#isStopped) {
        this.#again = false
        this.#drafts.cancel()
        const [next] = await this.#jobs.pending()
        if (!next) break
        const controller = new AbortController()
        this.#current = { id: next.id, controller }
        await this.#paintOne(next.id, controller)
        this.#current = undefined
        this.#tell()
      }
    } catch (error) {
      // The database itself does not answer: nothing can be kept, not even what went wrong.
      this.#waiting = reasonOf(error).message
      this.#tell()
    } finally {
      this.#current = undefined
    }
  }

  async #paintOne(id: number, controller: AbortController): Promise<void> {
    const job = await this.#jobs.start(id)
    if (!job) return
    this.#tell()
    const { engine, choices, addPicture, events } = this.#options
    try {
      controller.signal.throwIfAborted()
      if (job.done < job.request.count)
        await paint(job, {
          ...{ engine, choices, addPicture, signal: controller.signal },
          onProgress: progress => events.emit('queue.progress', progress),
          onNotes: notes => {
            for (const message of notes) events.emit('system.notice', { level: 'info', message, hint: '' })
          },
          onDone: async done => {
            await this.#update(id, { done })
            // Between two pictures is a good place to stop.
            if (this.#paused && done < job.request.count) controller.abort(pausing)
          },
        })
      await this.#update(id, { state: 'done' })
    } catch (error) {
      await this.#ended(job, error, controller.signal)
    }
  }

  /** What becomes of a job that did not reach its end. */
  async #ended(job: JobRow, error: unknown, signal: AbortSignal): Promise<void> {
    if (error instanceof SavingFailed) {
      const reason = reasonOf(error.cause)
      await this.#fail(job.id, { error: reason }, reason.message)
    } else if (signal.aborted) {
      const goesOn = this.#closed || signal.reason === pausing
      await this.#update(job.id, { state: goesOn ? 'queued' : 'cancelled' })
    } else if (error instanceof EngineDied) await this.#died(job)
    else await this.#update(job.id, { state: 'failed', error: reasonOf(error) })
  }

  async #died({ id, deaths: before }: JobRow): Promise<void> {
    const deaths = before + 1
    if (deaths < mostDeaths) {
      await this.#update(id, { state: 'queued', deaths })
      const message = 'The engine stopped while it painted and was started again; the picture is painted anew.'
      this.#options.events.emit('system.notice', { level: 'info', message, hint: '' })
      return
    }
    const message = 'The engine stopped twice while it painted this.'
    const hint = 'Choose a smaller size or close programs that need much memory, then try again.'
    const waiting = 'The engine stopped twice on one request. Resume to go on with the others.'
    await this.#fail(id, { deaths, error: { message, hint } }, waiting)
    this.#options.events.emit('system.notice', { level: 'error', message, hint })
  }

  /** Fails a job and waits for the person: told together, for who is told of the one looks for the other. */
  async #fail(id: number, changes: JobChanges, waiting: string): Promise<void> {
    await this.#jobs.update(id, { ...changes, state: 'failed' })
    this.#waiting = waiting
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
    this.#state().then(
      state => this.#options.events.emit('queue.changed', state),
      // The database was closed in the meantime: nobody listens any more.
      () => undefined,
    )
  }

  #notify(): void {
    for (const listener of this.#listeners) listener()
  }
}

const pausing = new Error('The queue was paused.')

const jobOf = ({ id, state, request, done, error, created }: JobRow): Job => ({
  ...{ id, state, request, done, error, created },
})

function reasonOf(error: unknown): { message: string; hint: string } {
  if (error instanceof UserError) return { message: error.message, hint: error.hint }
  const reason = error instanceof Error ? error.message : String(error)
  return { message: `The studio failed: ${reason}`, hint: 'Please report it.' }
}
