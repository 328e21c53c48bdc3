import type { PictureDetail, PictureItem } from '../../../preload/contract/gallery.ts'
import type { GenerateRequest } from '../../../preload/contract/generation.ts'
import type { PaintJob } from '../../../preload/contract/queue.ts'
import { pictureUrl } from '../../api.ts'
import { goneOf } from '../../state/gallery-list.ts'
import type { Studio } from '../../state/studio.svelte.ts'
import { Costs, type Run } from './costs.svelte.ts'
import { Recent } from './recent.svelte.ts'
import { Repaint } from './repaint.svelte.ts'

/** What stands in the picture's place: a picture, or what one looks like so far. */
export interface Shown {
  readonly src: string
  readonly width: number
  readonly height: number
}

/** The middle of Create: the picture that is looked at, the one that is being painted, and painting. */
export class Stage {
  readonly recent: Recent
  readonly costs: Costs
  readonly repaint: Repaint
  /** The picture that is looked at, with its settings once they have come. */
  chosen = $state.raw<PictureItem | null>(null)
  detail = $state.raw<PictureDetail | null>(null)
  /** Whether the running job is looked at; choosing a picture from the strip looks away. */
  following = $state(true)
  /** Whether CFG is painted to see what it takes. */
  measuring = $state(false)
  /** The job and index of the picture whose file has arrived: its preview is not shown any more. */
  #arrived = $state('')
  readonly #studio: Studio

  readonly #job = $derived.by((): PaintJob | undefined => (this.following ? this.#studio.queue.running : undefined))

  /** The running job while it is looked at. */
  get job(): PaintJob | undefined {
    return this.#job
  }

  readonly shown = $derived.by((): Shown | null => {
    const { draft } = this.repaint
    if (draft !== null) return { src: draft.picture, width: draft.width, height: draft.height }
    const progress = this.#studio.queue.progress
    if (this.#job !== undefined && progress?.preview && this.#arrived !== `${progress.id} ${progress.picture}`) {
      return { src: progress.preview, ...this.#sizeOf(this.#job.request) }
    }
    return this.chosen && { src: pictureUrl(this.chosen.id), width: this.chosen.width, height: this.chosen.height }
  })

  /** What is shown with what it took; null while it is being painted, and where that is not known. */
  readonly run = $derived.by((): Run | null => {
    if (this.#job !== undefined) return null
    return this.repaint.draft ?? (this.detail && this.costs.runOf(this.detail))
  })

  /** Whether it is not known what CFG would have taken for what is shown. */
  readonly measurable = $derived.by((): boolean => {
    const { run } = this
    if (run === null || run.seconds === null || run.request.method === 'cfg' || run.request.guidance === 1) return false
    return this.costs.withCfg(run.request) === undefined && this.#studio.models.baseAt(run.request.base) !== undefined
  })

  constructor(studio: Studio) {
    this.#studio = studio
    this.repaint = new Repaint(studio, this)
    // Before the strip takes the event up, so that what is removed still has its neighbours.
    studio.events.on('gallery.changed', ({ added, updated, removed }) => {
      this.#arrive(added)
      const changed = updated.find(({ id }) => id === this.chosen?.id)
      if (changed) void this.show(changed)
      this.#leave(new Set(removed), this.recent.items)
    })
    studio.events.on('gallery.stale', () => void this.#lookAgain())
    this.recent = new Recent(studio)
    this.costs = studio.of(Costs)
    studio.connection.onOpen(() => void this.#lookAgain())
  }

  /** Looks at a picture of the strip and away from what is being painted. */
  async choose(item: PictureItem): Promise<void> {
    this.following = false
    this.repaint.forget()
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
    // The bar may be moved next: which guides fit its base is known by then.
    const base = detail.settings && this.#studio.models.baseOf(detail.settings.base)
    this.#studio.create.guidesFor(base ?? undefined)
  }

  /** Puts what the panel holds at the end of the queue, with another seed where it is not locked. */
  async paint(): Promise<void> {
    const { create, queue } = this.#studio
    if (!create.values.seedLocked) create.roll()
    this.following = true
    this.repaint.forget()
    await queue.enqueue(create.request())
  }

  /** Ends what the bar was moved for, else the running job. */
  async cancel(): Promise<void> {
    const { queue } = this.#studio
    if (this.repaint.moving) return this.repaint.drop()
    this.repaint.forget()
    if (queue.running !== undefined) await queue.cancel(queue.running.id)
  }

  /** Paints with CFG what is shown, kept nowhere: what it takes is held against every other method. */
  async measure(): Promise<void> {
    const { api, toasts } = this.#studio
    if (this.run === null) return
    const request: GenerateRequest = { ...this.run.request, method: 'cfg', count: 1 }
    this.measuring = true
    const draft = await toasts.attempt(api.queue.draft(request))
    this.measuring = false
    if (draft === null) toasts.info('CFG was not measured.', 'Try again when nothing else is painted.')
    else if (draft !== undefined) this.costs.note({ ...draft, request })
  }

  /** A picture of the running job has been written: it takes its preview's place. */
  #arrive(added: readonly PictureItem[]): void {
    const job = this.#job
    if (job === undefined) return
    const { seed = 0, count = 1 } = job.request
    const item = added.find(each => each.seed >= seed && each.seed < seed + count)
    if (item === undefined) return
    this.#arrived = `${job.id} ${item.seed - seed}`
    this.repaint.arrive()
    void this.show(item)
  }

  /** Sees whether the chosen picture is still there where nothing was told of it; where none is chosen, takes the newest. */
  async #lookAgain(): Promise<void> {
    const { api, toasts } = this.#studio
    // Before the strip has loaded itself anew: what is gone still has its neighbours there.
    const { items } = this.recent
    if (this.chosen === null) {
      const newest = (await toasts.attempt(api.gallery.page({ limit: 1 })))?.items[0]
      if (newest && this.chosen === null) await this.show(newest)
      return
    }
    const gone = await toasts.attempt(goneOf(api, [...new Set([this.chosen, ...items].map(({ id }) => id))]))
    if (gone !== undefined) this.#leave(gone, items)
  }

  /** Looks at the next picture of a strip where the chosen one is gone. */
  #leave(gone: ReadonlySet<number>, items: readonly PictureItem[]): void {
    if (this.chosen === null || !gone.has(this.chosen.id)) return
    const index = items.findIndex(({ id }) => id === this.chosen?.id)
    const stays = (item: PictureItem) => !gone.has(item.id)
    this.repaint.forget()
    const next = items.slice(index + 1).find(stays) ?? items.slice(0, Math.max(0, index)).findLast(stays)
    void this.show(next ?? null)
  }

  #sizeOf({ width, height }: GenerateRequest): { width: number; height: number } {
    const { create } = this.#studio
    return { width: width ?? create.width, height: height ?? create.height }
  }
}
