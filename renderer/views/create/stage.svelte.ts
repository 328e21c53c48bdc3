import type { PictureDetail, PictureItem } from '../../../preload/contract/gallery.ts'
import type { GenerateRequest } from '../../../preload/contract/generation.ts'
import type { Job } from '../../../preload/contract/queue.ts'
import { pictureUrl } from '../../api.ts'
import type { CreateValues } from '../../state/create.svelte.ts'
import type { Studio } from '../../state/studio.svelte.ts'
import { Costs } from './costs.svelte.ts'
import { Recent } from './recent.svelte.ts'

/** What stands in the picture's place: a picture, or what one looks like so far. */
export interface Shown {
  readonly src: string
  readonly width: number
  readonly height: number
}

/** The guidance of the next picture, as the bar under the picture sets it. */
export type Guidance = Partial<Pick<CreateValues, 'guidance' | 'method'>>

/** The middle of Create: the picture that is looked at, the one that is being painted, and painting. */
export class Stage {
  readonly recent: Recent
  readonly costs: Costs
  /** The picture that is looked at, with its settings once they have come. */
  chosen = $state.raw<PictureItem | null>(null)
  detail = $state.raw<PictureDetail | null>(null)
  /** Whether the running job is looked at; choosing a picture from the strip looks away. */
  following = $state(true)
  /** The job and index of the picture whose file has arrived: its preview is not shown any more. */
  #arrived = $state('')
  #repaintJob: number | undefined
  readonly #studio: Studio

  readonly #job = $derived.by((): Job | undefined => (this.following ? this.#studio.queue.running : undefined))

  /** The running job while it is looked at. */
  get job(): Job | undefined {
    return this.#job
  }

  readonly shown = $derived.by((): Shown | null => {
    const progress = this.#studio.queue.progress
    if (this.#job !== undefined && progress?.preview && this.#arrived !== `${progress.id} ${progress.picture}`) {
      return { src: progress.preview, ...this.#sizeOf(this.#job.request) }
    }
    return this.chosen && { src: pictureUrl(this.chosen.id), width: this.chosen.width, height: this.chosen.height }
  })

  constructor(studio: Studio) {
    this.#studio = studio
    // Before the strip takes the event up, so that what is removed still has its neighbours.
    studio.events.on('gallery.changed', ({ added, updated, removed }) => {
      this.#arrive(added)
      const changed = updated.find(({ id }) => id === this.chosen?.id)
      if (changed) void this.show(changed)
      if (this.chosen && removed.includes(this.chosen.id)) void this.show(this.#besides(removed))
    })
    this.recent = new Recent(studio)
    this.costs = studio.of(Costs)
    studio.connection.onOpen(async () => {
      if (this.chosen !== null) return
      const newest = (await studio.toasts.attempt(studio.api.gallery.page({ limit: 1 })))?.items[0]
      if (newest && this.chosen === null) await this.show(newest)
    })
  }

  /** Looks at a picture of the strip and away from what is being painted. */
  async choose(item: PictureItem): Promise<void> {
    this.following = false
    await this.show(item)
  }

  async show(item: PictureItem | null): Promise<void> {
    if (item?.id !== this.chosen?.id) this.detail = null
    this.chosen = item
    if (item === null) return
    const detail = await this.#studio.toasts.attempt(this.#studio.api.gallery.detail({ id: item.id }))
    if (detail === undefined || this.chosen?.id !== item.id) return
    this.detail = detail
    this.costs.take(detail)
  }

  /** Puts what the panel holds at the end of the queue, with another seed where it is not locked. */
  async paint(): Promise<void> {
    const { create, queue } = this.#studio
    if (!create.values.seedLocked) create.roll()
    this.following = true
    await queue.enqueue(create.request())
  }

  /** Ends the running job; where none runs, takes the last one out of the queue. */
  async cancel(): Promise<void> {
    const { queue } = this.#studio
    const job = queue.running ?? queue.queued.at(-1)
    if (job !== undefined) await queue.cancel(job.id)
  }

  /** Paints what is looked at once more with the same seed and another guidance. A new wish replaces the one before. */
  async repaint(guidance: Guidance): Promise<void> {
    const { create, queue } = this.#studio
    create.set(guidance)
    const { method, guidance: w } = create.values
    const before = this.#looked()
    if (before === undefined || (before.method === method && (before.guidance === w || method === 'none'))) return
    const last = queue.state.jobs.find(
      ({ id, state }) => id === this.#repaintJob && (state === 'queued' || state === 'running'),
    )
    this.following = true
    const job = await queue.enqueue({ ...before, method, guidance: w, count: 1 })
    if (last !== undefined) await queue.cancel(last.id)
    this.#repaintJob = job?.id
  }

  /** The request that paints what is looked at. */
  #looked(): GenerateRequest | undefined {
    const progress = this.#studio.queue.progress
    if (this.#job !== undefined) {
      const { request } = this.#job
      return { ...request, seed: (request.seed ?? 0) + (progress?.picture ?? 0) }
    }
    return this.detail?.settings ? this.#studio.create.requestFor(this.detail.settings) : undefined
  }

  /** A picture of the running job has been written: it takes its preview's place. */
  #arrive(added: readonly PictureItem[]): void {
    const job = this.#job
    if (job === undefined) return
    const { seed = 0, count = 1 } = job.request
    const item = added.find(each => each.seed >= seed && each.seed < seed + count)
    if (item === undefined) return
    this.#arrived = `${job.id} ${item.seed - seed}`
    void this.show(item)
  }

  /** The picture of the strip that is looked at when the chosen one goes. */
  #besides(removed: readonly number[]): PictureItem | null {
    const { items } = this.recent
    const index = items.findIndex(({ id }) => id === this.chosen?.id)
    const stays = (item: PictureItem) => !removed.includes(item.id)
    return items.slice(index + 1).find(stays) ?? items.slice(0, Math.max(0, index)).findLast(stays) ?? null
  }

  #sizeOf({ width, height }: GenerateRequest): { width: number; height: number } {
    const { create } = this.#studio
    return { width: width ?? create.width, height: height ?? create.height }
  }
}
