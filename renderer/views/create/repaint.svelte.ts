import type { PictureDetail } from '../../../preload/contract/gallery.ts'
import type { GenerateRequest } from '../../../preload/contract/generation.ts'
import type { Job } from '../../../preload/contract/queue.ts'
import { type CreateValues, guidanceKey, unguided } from '../../state/create-values.ts'
import type { Studio } from '../../state/studio.svelte.ts'
import { Costs, type Run } from './costs.svelte.ts'

/** What the bar under the picture changes. */
export type Guidance = Partial<
  Pick<CreateValues, 'guidance' | 'method' | 'refresh' | 'reuse' | 'intervalLow' | 'intervalHigh' | 'agreement'>
>

/** What the bar is about: the picture that is looked at, or is being painted. */
interface Looked {
  readonly job: Job | undefined
  readonly detail: PictureDetail | null
  following: boolean
}

interface ShownDraft extends Run {
  /** A `data:` picture. */
  readonly picture: string
  readonly width: number
  readonly height: number
}

/** Seconds that a draft may take while a control is dragged; slower pictures are painted when it is let go. */
const slow = 2
const breath = 40

/**
 * The picture that is looked at once more, with the same seed and another guidance: as drafts while a control moves, and
 * painted for the gallery when it has come to rest. A new wish replaces the one before.
 */
export class Repaint {
  /** What the newest draft looks like; it stays until the picture takes its place. */
  draft = $state.raw<ShownDraft | null>(null)
  /** As the panel was before the control was touched. */
  #before: CreateValues | undefined
  #wanted: GenerateRequest | undefined
  #drafting = false
  /** Raised when what is under way is no longer wanted. */
  #turn = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #job: number | undefined
  readonly #studio: Studio
  readonly #looked: Looked
  readonly #costs: Costs

  constructor(studio: Studio, looked: Looked) {
    this.#studio = studio
    this.#looked = looked
    this.#costs = studio.of(Costs)
    studio.events.on('queue.changed', ({ jobs }) => {
      if (jobs.some(({ id, state }) => id === this.#job && state === 'failed')) this.draft = null
    })
  }

  /** Whether a control is held, or has not rested long enough. */
  get moving(): boolean {
    return this.#before !== undefined
  }

  /** While a control moves: a draft of every place that there is time for. */
  move(change: Guidance): void {
    const { create } = this.#studio
    clearTimeout(this.#timer)
    this.#before ??= create.values
    create.set(change)
    const wish = this.#wish()
    if (wish === undefined) return
    void this.#replace(wish)
    const fast = (this.#costs.expected(wish) ?? 0) <= slow
    this.#wanted = fast ? wish : undefined
    void this.#paintDrafts()
  }

  /** A control has moved and is let alone for `wait` milliseconds: paints what it says. */
  rest(change: Guidance, wait: number): void {
    this.#before ??= this.#studio.create.values
    this.#studio.create.set(change)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.paint(), wait)
  }

  /** Paints what the bar says for the gallery, unless that is what is looked at. */
  async paint(change: Guidance = {}): Promise<void> {
    const { create, queue } = this.#studio
    create.set(change)
    this.#before = undefined
    this.#stopDrafts()
    const wish = this.#wish()
    if (wish === undefined) return
    const last = this.#pending()
    if (last !== undefined && isSame(last.request, wish)) return
    if (isSame(this.#source(), wish)) {
      this.draft = null
      await this.#replace(wish)
      return
    }
    this.#looked.following = true
    const job = await queue.enqueue(wish)
    if (last !== undefined) await queue.cancel(last.id)
    this.#job = job?.id
    if (job === undefined) this.draft = null
  }

  /** Gives up what the control was moved for, and puts it back. */
  drop(): void {
    if (this.#before) this.#studio.create.set(this.#before)
    this.forget()
  }

  /** The picture is there: the draft gives way to it. */
  arrive(): void {
    if (!this.moving) this.draft = null
  }

  /** Something else is shown from now on. */
  forget(): void {
    this.#before = undefined
    this.#stopDrafts()
    this.draft = null
  }

  /** What is looked at with the guidance of the bar. */
  #wish(): GenerateRequest | undefined {
    const source = this.#source()
    if (source === undefined) return undefined
    const { create, models } = this.#studio
    return { ...unguided(source), ...create.guidanceFor(models.baseAt(source.base)), count: 1 }
  }

  /** The request of what is looked at; a wish that is still being painted is one for the picture before it. */
  #source(): GenerateRequest | undefined {
    const { create, models, queue } = this.#studio
    const { job, detail } = this.#looked
    if (job !== undefined && job.id !== this.#job) {
      return { ...job.request, seed: (job.request.seed ?? 0) + (queue.progress?.picture ?? 0) }
    }
    // Without its base it cannot be painted again: what the bar says holds for the next picture alone.
    if (!detail?.settings || models.baseOf(detail.settings.base) === undefined) return undefined
    return create.requestFor(detail.settings)
  }

  #pending(): Job | undefined {
    return this.#studio.queue.state.jobs.find(
      ({ id, state }) => id === this.#job && (state === 'queued' || state === 'running'),
    )
  }

  /** Ends the wish that is still being painted where another has come. */
  async #replace(wish: GenerateRequest): Promise<void> {
    const last = this.#pending()
    if (last !== undefined && !isSame(last.request, wish)) await this.#studio.queue.cancel(last.id)
  }

  async #paintDrafts(): Promise<void> {
    if (this.#drafting) return
    this.#drafting = true
    const { api, queue, toasts } = this.#studio
    while (this.#wanted !== undefined) {
      // What is being painted is not disturbed; the wish before this one ends soon.
      if (queue.running !== undefined) {
        await pause(breath)
        continue
      }
      const [turn, request] = [this.#turn, this.#wanted]
      this.#wanted = undefined
      const draft = await toasts.attempt(api.queue.draft(request))
      if (turn !== this.#turn || draft === undefined) continue
      if (draft === null) {
        // The queue had not quite come to rest.
        this.#wanted ??= request
        await pause(breath)
        continue
      }
      this.draft = { ...draft, request }
      this.#costs.note(this.draft)
    }
    this.#drafting = false
  }

  #stopDrafts(): void {
    clearTimeout(this.#timer)
    this.#wanted = undefined
    this.#turn++
    const { api, toasts } = this.#studio
    if (this.#drafting) void toasts.attempt(api.queue.cancelDraft({}))
  }
}

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

/** Whether two requests for the same picture ask for the same guidance. */
const isSame = (a: GenerateRequest | undefined, b: GenerateRequest): boolean =>
  a !== undefined && guidanceKey(a) === guidanceKey(b)
