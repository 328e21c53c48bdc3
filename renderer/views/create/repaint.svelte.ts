import type { PictureDetail } from '../../../preload/contract/gallery.ts'
import type { GenerateRequest } from '../../../preload/contract/generation.ts'
import type { PaintJob } from '../../../preload/contract/queue.ts'
import { type CreateValues, pictureKey, unguided } from '../../state/create-values.ts'
import type { Studio } from '../../state/studio.svelte.ts'
import { Costs, type Run } from './costs.svelte.ts'
import { isSame, type Wish, Wishes } from './wishes.ts'

/** What the bar under the picture changes. */
export type Guidance = Partial<
  Pick<CreateValues, 'guidance' | 'method' | 'refresh' | 'reuse' | 'intervalLow' | 'intervalHigh' | 'agreement'>
>

/** What the bar is about: the picture that is looked at, or is being painted. */
interface Looked {
  readonly job: PaintJob | undefined
  readonly detail: PictureDetail | null
  following: boolean
}

interface ShownDraft extends Run {
  /** A `data:` picture. */
  readonly picture: string
  readonly width: number
  readonly height: number
}

/** How things were before a control was touched: Escape brings it back. */
interface Before {
  readonly values: CreateValues
  draft: ShownDraft | null
  /** What was cancelled since to make room for drafts. */
  wish: Wish | undefined
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
  #before: Before | undefined
  #wanted: GenerateRequest | undefined
  #drafting = false
  /** What no draft can be had of: it is not tried again until something else is moved to. */
  #hopeless: string | undefined
  /** Raised when what is under way is no longer wanted. */
  #turn = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  readonly #studio: Studio
  readonly #looked: Looked
  readonly #costs: Costs
  readonly #wishes: Wishes

  constructor(studio: Studio, looked: Looked) {
    this.#studio = studio
    this.#looked = looked
    this.#costs = studio.of(Costs)
    this.#wishes = new Wishes(studio, () => this.#dropWaiting())
  }

  /** Whether a control is held, or has not rested long enough. */
  get moving(): boolean {
    return this.#before !== undefined
  }

  /** While a control moves: a draft of every place that there is time for. */
  move(change: Guidance): void {
    clearTimeout(this.#timer)
    const before = this.#begin(change)
    const wish = this.#wish()
    if (wish === undefined) return
    before.wish = this.#wishes.replace(wish) ?? before.wish
    if (draftKey(wish) !== this.#hopeless) this.#hopeless = undefined
    const fast = (this.#costs.expected(wish) ?? 0) <= slow
    this.#wanted = fast && this.#hopeless === undefined ? wish : undefined
    void this.#paintDrafts()
  }

  /** A control has moved and is let alone for `wait` milliseconds: paints what it says. */
  rest(change: Guidance, wait: number): void {
    this.#begin(change)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.paint(), wait)
  }

  /** Paints what the bar says for the gallery, unless that is what is looked at. */
  async paint(change: Guidance = {}): Promise<void> {
    this.#studio.create.set(change)
    this.#before = undefined
    this.#stopDrafts()
    const [source, wish] = [this.#source(), this.#wish()]
    if (source === undefined || wish === undefined) {
      this.draft = null
      return
    }
    const { standing } = this.#wishes
    if (standing !== undefined && isSame(standing.request, wish)) return
    this.#wishes.replace(wish)
    if (isSame(source, wish)) this.draft = null
    else await this.#ask(wish)
  }

  /** Gives up what the control was moved for, and puts back what there was before: also the wish that had to make room. */
  drop(): void {
    const before = this.#before
    if (before === undefined) return
    this.#before = undefined
    this.#stopDrafts()
    this.#studio.create.set(before.values)
    this.draft = before.draft
    if (before.wish !== undefined) void this.#ask(before.wish.request)
  }

  /** The picture is there: the draft gives way to it. */
  arrive(): void {
    this.#hopeless = undefined
    const before = this.#before
    // It was done before it could be cancelled.
    if (before?.wish !== undefined && before.wish.job === this.#studio.queue.running?.id) before.wish = undefined
    this.#dropWaiting()
  }

  /** Something else is shown from now on. */
  forget(): void {
    this.#before = undefined
    this.#hopeless = undefined
    this.#stopDrafts()
    this.#wishes.release()
    this.draft = null
  }

  /** A control is about to say `change`. */
  #begin(change: Guidance): Before {
    const { create } = this.#studio
    this.#before ??= { values: create.values, draft: this.draft, wish: undefined }
    create.set(change)
    return this.#before
  }

  /** The draft that waited for its picture goes; one of a control that is held stays. */
  #dropWaiting(): void {
    if (this.#before === undefined) this.draft = null
    else this.#before.draft = null
  }

  async #ask(wish: GenerateRequest): Promise<void> {
    this.#looked.following = true
    await this.#wishes.ask(wish, this.#looked.detail?.id)
  }

  /** What is looked at with the guidance of the bar. */
  #wish(): GenerateRequest | undefined {
    const source = this.#source()
    if (source === undefined) return undefined
    const { create, models } = this.#studio
    return { ...unguided(source), ...create.guidanceFor(models.baseAt(source.base)), count: 1 }
  }

  /** The request of what is looked at. */
  #source(): GenerateRequest | undefined {
    const { job, detail } = this.#looked
    if (job === undefined) return this.#chosen()
    const wish = this.#wishes.paintedBy(job)
    if (wish === undefined)
      return { ...job.request, seed: (job.request.seed ?? 0) + (this.#studio.queue.progress?.picture ?? 0) }
    // A wish that is still being painted is one for the picture before it; one that was given up may never be seen.
    return ((wish.unwanted || wish.of === detail?.id) && this.#chosen()) || wish.request
  }

  /** The request of the picture that is looked at, or was before something was painted. */
  #chosen(): GenerateRequest | undefined {
    const { create, models } = this.#studio
    const settings = this.#looked.detail?.settings
    // Without its base, or the picture that it began with, it cannot be painted again: what the bar says holds for the
    // next picture alone.
    if (!settings || settings.strength !== undefined || models.baseOf(settings.base) === undefined) return undefined
    return create.requestFor(settings)
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
      if (draft === undefined) {
        this.#hopeless = draftKey(request)
        if (this.#wanted !== undefined && draftKey(this.#wanted) === this.#hopeless) this.#wanted = undefined
      }
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

/** Two drafts of the same key are alike but for their numbers: where one fails, so does the other. */
const draftKey = (request: GenerateRequest): string =>
  pictureKey({ ...unguided(request), method: request.method, guide: request.guide })
