import type { GenerateRequest } from '../../../preload/contract/generation.ts'
import type { Job } from '../../../preload/contract/queue.ts'
import { pictureKey, unguided } from '../../state/create-values.ts'
import type { Studio } from '../../state/studio.svelte.ts'

/** A picture that the bar has asked the queue for. */
export interface Wish {
  readonly request: GenerateRequest
  /** Id of the picture that was looked at. */
  readonly of: number | undefined
  /** Its job, once the queue has answered. */
  job: number | undefined
  /** Whether another has taken its place: its job may still be running until its pass ends. */
  unwanted: boolean
}

/** What the bar has put into the queue. One wish stands at a time; another for the same picture takes its place. */
export class Wishes {
  #standing: Wish | undefined
  /** By job, as long as the queue has it: also those that do not stand any more. */
  readonly #all = new Map<number, Wish>()
  readonly #studio: Studio
  readonly #onEnd: () => void

  /** `onEnd` is told when nothing stands any more though nobody gave it up: it was painted, failed, was cancelled or refused. */
  constructor(studio: Studio, onEnd: () => void) {
    this.#studio = studio
    this.#onEnd = onEnd
    const { api, connection, events, toasts } = studio
    events.on('queue.changed', ({ jobs }) => this.#follow(jobs))
    // What happened while the studio could not be reached was not told.
    connection.onOpen(async () => {
      if (this.#standing === undefined) return
      const state = await toasts.attempt(api.queue.state({}))
      if (state !== undefined) this.#follow(state.jobs)
    })
  }

  /** What is waited for. */
  get standing(): Wish | undefined {
    return this.#standing
  }

  /** The wish that a job paints. */
  paintedBy({ id }: Pick<Job, 'id'>): Wish | undefined {
    return this.#all.get(id)
  }

  /** Has a request painted for the picture `of`. */
  async ask(request: GenerateRequest, of: number | undefined): Promise<void> {
    const { queue } = this.#studio
    const wish: Wish = { request, of, job: undefined, unwanted: false }
    this.#standing = wish
    const job = await queue.enqueue(request)
    if (job === undefined) return this.#end(wish)
    wish.job = job.id
    this.#all.set(job.id, wish)
    // It was given up before the queue had answered.
    if (wish.unwanted) await queue.cancel(job.id)
  }

  /** Cancels what stands where another request for the same picture has come; what was cancelled. */
  replace(request: GenerateRequest): Wish | undefined {
    const wish = this.#standing
    if (wish === undefined || isSame(wish.request, request) || !isSame(unguided(wish.request), unguided(request)))
      return
    this.#standing = undefined
    wish.unwanted = true
    if (wish.job !== undefined) void this.#studio.queue.cancel(wish.job)
    return wish
  }

  /** Does not count any more on what is running: it is about to be cancelled, or not looked at. */
  release(): void {
    const { running } = this.#studio.queue
    if (running !== undefined && this.#standing?.job === running.id) this.#standing = undefined
  }

  #follow(jobs: readonly Job[]): void {
    for (const id of this.#all.keys()) if (!jobs.some(job => job.id === id)) this.#all.delete(id)
    const { standing } = this
    if (standing?.job === undefined) return
    const stays = jobs.some(({ id, state }) => id === standing.job && (state === 'queued' || state === 'running'))
    if (!stays) this.#end(standing)
  }

  #end(wish: Wish): void {
    if (this.#standing !== wish) return
    this.#standing = undefined
    this.#onEnd()
  }
}

/** Whether two requests paint the same picture. */
export const isSame = (a: GenerateRequest, b: GenerateRequest): boolean => pictureKey(a) === pictureKey(b)
