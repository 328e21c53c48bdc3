import type { PictureItem } from '../../preload/contract/gallery.ts'
import { GalleryState } from './gallery.svelte.ts'
import { goneOf } from './gallery-list.ts'
import type { Studio } from './studio.svelte.ts'

/** How many pictures on each side of the focus are looked for where it may have gone. */
const near = 100

/** Which pictures are chosen, and which one the keyboard stands on. By id, so it outlives changes of the list. */
export class Selection {
  ids = $state.raw<ReadonlySet<number>>(new Set())
  /** The picture with the keyboard's focus. */
  focused = $state<number | null>(null)
  /** Where a range began. */
  #anchor: number | null = null

  readonly count = $derived(this.ids.size)

  constructor(studio: Studio) {
    const gallery = studio.of(GalleryState)
    studio.events.on('gallery.changed', ({ removed }) => {
      // The gallery takes the change in a moment later: its list still says what stood beside them.
      if (removed.length > 0) this.#forget(new Set(removed), gallery.items)
    })
    const lookAgain = () => void this.#lookAgain(studio, gallery.items)
    studio.events.on('gallery.stale', lookAgain)
    studio.connection.onOpen(lookAgain)
  }

  /** One picture and nothing else. */
  only(id: number): void {
    this.ids = new Set([id])
    this.#stand(id)
  }

  /** Adds a picture or takes it out. */
  toggle(id: number): void {
    const ids = new Set(this.ids)
    if (!ids.delete(id)) ids.add(id)
    this.ids = ids
    this.#stand(id)
  }

  /** From where the last choice was made to `id`, both included; `add` keeps what was chosen before. */
  range(items: readonly PictureItem[], id: number, add = false): void {
    const to = items.findIndex(item => item.id === id)
    const begun = items.findIndex(item => item.id === (this.#anchor ?? this.focused))
    const from = begun < 0 ? to : begun
    const within = items.slice(Math.min(from, to), Math.max(from, to) + 1).map(item => item.id)
    this.ids = new Set(add ? [...this.ids, ...within] : within)
    this.#anchor = items[from]?.id ?? id
    this.focused = id
  }

  all(items: readonly PictureItem[]): void {
    this.ids = new Set(items.map(item => item.id))
  }

  clear(): void {
    this.ids = new Set()
    this.#anchor = null
  }

  /** Moves the keyboard without choosing; a range begins anew there. */
  focus(id: number | null): void {
    if (id === this.focused) return
    this.focused = id
    this.#anchor = null
  }

  /** Forgets what has gone while nothing was told of it; `before` is the list as it was. */
  async #lookAgain({ api, toasts }: Studio, before: readonly PictureItem[]): Promise<void> {
    const asked = new Set(this.ids)
    if (this.focused !== null) {
      const at = before.findIndex(({ id }) => id === this.focused)
      // One of those beside it may take the focus.
      for (const { id } of before.slice(Math.max(0, at - near), at + near)) asked.add(id)
      asked.add(this.focused)
    }
    if (asked.size === 0) return
    const gone = await toasts.attempt(goneOf(api, [...asked]))
    if (gone !== undefined) this.#forget(gone, before)
  }

  /** Forgets pictures that are gone; the focus goes to the one that took the place. */
  #forget(gone: ReadonlySet<number>, before: readonly PictureItem[]): void {
    if ([...this.ids].some(id => gone.has(id))) this.ids = this.ids.difference(gone)
    if (this.focused === null || !gone.has(this.focused)) return
    const at = before.findIndex(item => item.id === this.focused)
    const stays = (item: PictureItem): boolean => !gone.has(item.id)
    this.focused = before.slice(at).find(stays)?.id ?? before.slice(0, Math.max(0, at)).findLast(stays)?.id ?? null
  }

  #stand(id: number): void {
    this.#anchor = id
    this.focused = id
  }
}
