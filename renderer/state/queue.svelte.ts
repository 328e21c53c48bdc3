import type { GenerateRequest } from '../../preload/contract/generation.ts'
import type { Api } from '../../preload/contract/index.ts'
import type { JobProgress, PaintJob, QueueState } from '../../preload/contract/queue.ts'
import type { Events } from '../api/events.ts'
import type { Connection } from './connection.svelte.ts'
import type { Toasts } from './toasts.ts'

/** What is painted and what waits. */
export class Queue {
  state = $state.raw<QueueState>({ paused: false, waiting: null, jobs: [] })
  /** Where the running job stands, with the last preview that came. */
  progress = $state.raw<JobProgress | null>(null)

  /** Requests for pictures; guides that are trained are none of it. */
  readonly painted = $derived(this.state.jobs.filter(job => job.kind === 'paint'))
  readonly running = $derived(this.painted.find(job => job.state === 'running'))
  readonly queued = $derived(this.painted.filter(job => job.state === 'queued'))
  readonly failed = $derived(this.painted.filter(job => job.state === 'failed'))
  /** Share of the running job that is done, 0 to 1. */
  readonly share = $derived(shareOf(this.running, this.progress))

  readonly #api: Api
  readonly #toasts: Toasts

  constructor(api: Api, events: Events, connection: Connection, toasts: Toasts) {
    this.#api = api
    this.#toasts = toasts
    events.on('queue.changed', state => this.#take(state))
    events.on('queue.progress', progress => {
      const last = this.progress
      const samePicture = last?.id === progress.id && last.picture === progress.picture
      this.progress = samePicture && progress.preview === null ? { ...progress, preview: last.preview } : progress
    })
    connection.onOpen(async () => {
      const state = await toasts.attempt(api.queue.state({}))
      if (state !== undefined) this.#take(state)
    })
  }

  enqueue(request: GenerateRequest): Promise<PaintJob | undefined> {
    return this.#toasts.attempt(this.#api.queue.enqueue(request))
  }

  async cancel(id: number): Promise<void> {
    await this.#toasts.attempt(this.#api.queue.cancel({ id }))
  }

  /** Takes out all that waits; what is painted goes on. */
  async cancelQueued(): Promise<void> {
    for (const { id } of this.queued) await this.cancel(id)
  }

  async togglePause(): Promise<void> {
    const stopped = this.state.paused || this.state.waiting !== null
    await this.#toasts.attempt(stopped ? this.#api.queue.resume({}) : this.#api.queue.pause({}))
  }

  async retry(id: number): Promise<void> {
    await this.#toasts.attempt(this.#api.queue.retry({ id }))
  }

  async dismiss(id: number): Promise<void> {
    await this.#toasts.attempt(this.#api.queue.dismiss({ id }))
  }

  #take(state: QueueState): void {
    this.state = state
    if (this.running?.id !== this.progress?.id) this.progress = null
  }
}

function shareOf(job: PaintJob | undefined, progress: JobProgress | null): number {
  if (job === undefined || progress === null || progress.id !== job.id) return 0
  const step = progress.phase === 'decode' ? progress.steps : progress.step
  const count = job.request.count ?? 1
  return Math.min(1, (progress.picture + step / Math.max(1, progress.steps)) / count)
}
