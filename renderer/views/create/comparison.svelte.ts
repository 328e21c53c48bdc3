import type { PictureDetail, PictureItem } from '../../../preload/contract/gallery.ts'
import type { GenerateRequest, MethodName } from '../../../preload/contract/generation.ts'
import type { PaintJob } from '../../../preload/contract/queue.ts'
import { guidanceRequest, pictureKey, unguided } from '../../state/create-values.ts'
import type { Studio } from '../../state/studio.svelte.ts'
import { Stage } from './stage.svelte.ts'

type Guided = GenerateRequest & { readonly method: MethodName }

/** One of the pictures that are held against each other. */
export interface Place {
  readonly method: MethodName
  readonly request: GenerateRequest
  /** The picture, once it is there. */
  readonly detail: PictureDetail | null
  /** What paints it. */
  readonly job: number | null
  /** Whether the queue did not take it; the person was told why. */
  readonly refused: boolean
}

/** The picture that is looked at, held against the same seed under other methods. */
export class Comparison {
  places = $state.raw<readonly Place[]>([])
  /** The methods to the left and the right of the divider. */
  left = $state<MethodName>('guide')
  right = $state<MethodName>('cfg')
  #source = $state.raw<PictureDetail | null>(null)
  readonly #studio: Studio
  readonly #stage: Stage

  constructor(studio: Studio) {
    this.#studio = studio
    this.#stage = studio.of(Stage)
    studio.events.on('gallery.changed', ({ added }) => {
      for (const item of added) void this.#take(item)
    })
  }

  /** Whether the picture that is looked at can be painted with other methods. */
  readonly possible = $derived.by((): boolean => {
    const settings = this.#stage.detail?.settings
    if (!settings || settings.strength !== undefined) return false
    return this.#studio.models.baseOf(settings.base) !== undefined
  })

  /** What is compared; null where the person has gone back, or looks at something else. */
  readonly source = $derived.by(() => {
    const { chosen, job } = this.#stage
    return job === undefined && chosen?.id === this.#source?.id ? this.#source : null
  })

  at(method: MethodName): Place | undefined {
    return this.places.find(place => place.method === method)
  }

  /** The job that paints a place, as long as there is one. */
  jobOf({ job }: Place): PaintJob | undefined {
    return this.#studio.queue.painted.find(({ id }) => id === job)
  }

  /** Looks for each picture in the gallery, and has those painted that are not there. */
  async open(): Promise<void> {
    const { detail } = this.#stage
    if (!this.possible || detail === null) return
    // What is painted for the comparison does not take the picture's place behind it.
    this.#stage.following = false
    this.#stage.repaint.forget()
    const unknown = { detail: null, job: null, refused: false }
    this.places = this.#requests(detail).map(request => ({ method: request.method, request, ...unknown }))
    this.#source = detail
    const [first, second] = this.places
    this.left = first?.method ?? 'cfg'
    this.right = second?.method ?? 'none'
    const places = await Promise.all(this.places.map(async place => [place, await this.#find(place.request)] as const))
    if (this.#source !== detail) return
    for (const [place, found] of places) {
      if (found === undefined) await this.paint(place)
      else this.#change(place, { detail: found })
    }
  }

  close(): void {
    this.#source = null
  }

  /** Puts the picture of a place at the end of the queue. */
  async paint(place: Place): Promise<void> {
    const job = await this.#studio.queue.enqueue(place.request)
    this.#change(place, job === undefined ? { refused: true } : { job: job.id, refused: false })
  }

  /** Shows a method on one side; the one that was there changes places with it. */
  put(side: 'left' | 'right', method: MethodName): void {
    const other = side === 'left' ? 'right' : 'left'
    if (this[other] === method) this[other] = this[side]
    this[side] = method
  }

  /** The picture's own method, CFG and none; a picture of one of these two brings the bar's method, or a guide. */
  #requests({ settings }: PictureDetail): Guided[] {
    if (settings === null) return []
    const { create, models } = this.#studio
    const base = models.baseOf(settings.base)
    const own = create.requestFor(settings)
    const values = { ...create.values, guidance: settings.guidance }
    const guide = create.guideFor(base)?.id
    const by = (method: MethodName): Guided => ({ ...unguided(own), ...guidanceRequest(values, method, guide), method })
    const { method } = create.guidanceFor(base)
    const plain = [by('cfg'), by('none')]
    if (!isPlain(own.method)) return [{ ...own, method: own.method }, ...plain]
    if (!isPlain(method)) return [by(method), ...plain]
    return guide === undefined ? plain : [by('guide'), ...plain]
  }

  /** A picture of the gallery with exactly these settings. */
  async #find(request: GenerateRequest): Promise<PictureDetail | undefined> {
    const { api, toasts } = this.#studio
    const query = `seed:${request.seed} method:${request.method} steps=${request.steps}`
    const page = await toasts.attempt(api.gallery.page({ query, limit: 100 }))
    for (const item of page?.items ?? []) {
      const detail = await this.#matching(item, request)
      if (detail !== undefined) return detail
    }
    return undefined
  }

  async #matching({ id }: PictureItem, request: GenerateRequest): Promise<PictureDetail | undefined> {
    const { api, create, models, toasts } = this.#studio
    const detail = await toasts.attempt(api.gallery.detail({ id }))
    const settings = detail?.settings
    if (!settings || settings.strength !== undefined || models.baseOf(settings.base) === undefined) return undefined
    return pictureKey(create.requestFor(settings)) === pictureKey(request) ? detail : undefined
  }

  /** A picture has been painted: it may be one that is waited for. */
  async #take(item: PictureItem): Promise<void> {
    if (this.#source === null) return
    for (const place of this.places) {
      if (place.detail !== null || place.request.seed !== item.seed) continue
      const detail = await this.#matching(item, place.request)
      if (detail !== undefined) this.#change(place, { detail })
    }
  }

  #change({ method, request }: Place, change: Partial<Place>): void {
    if (change.detail) this.#stage.costs.take(change.detail)
    this.places = this.places.map(place =>
      place.method === method && place.request === request ? { ...place, ...change } : place,
    )
  }
}

const isPlain = (method: MethodName | undefined): method is 'cfg' | 'none' | undefined =>
  method === undefined || method === 'cfg' || method === 'none'
