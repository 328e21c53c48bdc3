import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Api } from '../../preload/contract/index.ts'
import type { Payload } from '../../preload/contract/wire.ts'
import { explain } from '../api/errors.ts'
import { byAge, matching, mergeItems } from './gallery-list.ts'
import type { Studio } from './studio.svelte.ts'

const debounce = 80
const firstPage = 200
const nextPages = 1000
/** Pages that follow the first wait so long, unless the person has scrolled to where they are missing. */
const rest = 12

const pause = (milliseconds: number) => new Promise(resolve => setTimeout(resolve, milliseconds))

/**
 * The pictures that a query matches, newest first. The first page is there at once; the rest is fetched behind it
 * until all is known, so that the whole list can be laid out and scrolled to any place. An answer to a query that is
 * no longer asked is dropped.
 */
export class GalleryState {
  /** What is looked for now; `items` may still be of the query before until `busy` ends. */
  query = $state('')
  /** Known so far, from the newest on without holes. Replaced when it changes, never changed. */
  items = $state.raw<readonly PictureItem[]>([])
  /** How many the query matches; before they are `counted`, how many have been fetched. */
  total = $state(0)
  counted = $state(false)
  /** Whether all that the query matches has been fetched. */
  complete = $state(false)
  /** The query that `items` answers. */
  shown = $state('')
  /** How far down the person has scrolled, in pixels: found again when they come back. */
  scroll = 0
  /** Whether the first page of the current query has not come yet. */
  busy = $state(true)
  /** Why the list could not be fetched. */
  error = $state<{ message: string; hint: string } | null>(null)

  readonly #api: Api
  /** Taken away since the list was asked for: a page that was on its way may still hold them. */
  readonly #gone = new Set<number>()
  #asked = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #hurry = false
  #changes: Promise<void> = Promise.resolve()

  constructor({ api, events, connection }: Studio) {
    this.#api = api
    events.on('gallery.changed', change => this.change(change))
    events.on('gallery.stale', () => void this.reload())
    connection.onOpen(() => void this.reload())
  }

  /** Looks for something else; many calls in quick succession are one question. */
  search(query: string): void {
    if (query === this.query) return
    this.query = query
    this.busy = true
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.reload(), debounce)
  }

  /** Asks for everything again: at the start, and when the studio has been out of reach. */
  async reload(): Promise<void> {
    clearTimeout(this.#timer)
    const asked = ++this.#asked
    this.#gone.clear()
    try {
      let page = await this.#page(null, firstPage)
      if (asked !== this.#asked) return
      this.total = 0
      this.counted = false
      this.#take(page.items, page.more)
      this.shown = this.query
      this.busy = false
      this.error = null
      if (page.more) void this.#count(asked).catch(() => undefined)
      while (page.more) {
        await pause(this.#hurry ? 0 : rest)
        if (asked !== this.#asked) return
        const after: PictureItem | null = this.items.at(-1) ?? null
        page = await this.#page(after, nextPages)
        if (asked !== this.#asked) return
        // What came in meanwhile is merged, not appended: it may lie anywhere.
        const items = after === this.items.at(-1) ? this.items.concat(page.items) : mergeItems(this.items, page.items)
        this.#take(items, page.more)
      }
    } catch (error) {
      if (asked !== this.#asked) return
      this.busy = false
      this.error = explain(error)
    }
  }

  /** The pictures come first; how many there are follows. */
  async #count(asked: number): Promise<void> {
    const { total } = await this.#api.gallery.count({ query: this.query })
    if (asked !== this.#asked || this.complete) return
    this.counted = true
    this.#replace(this.items, total)
  }

  /** What is there with a page that has come; the last one tells how many there are. */
  #take(items: readonly PictureItem[], more: boolean): void {
    this.complete = !more
    this.counted ||= !more
    this.#replace(items, more ? this.total : items.length)
  }

  /** Told whether the person looks at a place that has not been fetched yet. */
  hurry(needed: boolean): void {
    this.#hurry = needed
  }

  /** Takes in what another window, or the queue, has added, changed or taken away. */
  change(event: Payload<'gallery.changed'>): void {
    for (const id of event.removed) this.#gone.add(id)
    for (const { id } of event.added) this.#gone.delete(id)
    // One after the other: each looks at the list that the one before has made.
    this.#changes = this.#changes.then(() => this.#change(event)).catch(() => void this.reload())
  }

  async #change({ added, updated, removed }: Payload<'gallery.changed'>): Promise<void> {
    const gone = new Set(removed)
    const known = new Map(updated.map(item => [item.id, item]))
    const kept = this.items.filter(item => !gone.has(item.id)).map(item => known.get(item.id) ?? item)
    const total = Math.max(0, this.total - (this.items.length - kept.length))
    if (removed.length > 0 || updated.length > 0) this.#replace(kept, total)

    const there = new Set(this.items.map(item => item.id))
    const candidates = (this.query === '' ? added : [...added, ...updated]).filter(item => !there.has(item.id))
    if (candidates.length === 0) return
    const asked = this.#asked
    const query = this.query
    const fresh =
      query === ''
        ? candidates.toSorted(byAge)
        : await matching(
            candidates.map(({ id }) => id),
            async (after, limit) => (await this.#api.gallery.page({ query, after, limit })).items,
          )
    if (asked !== this.#asked || query !== this.query) return
    const last = this.items.at(-1)
    // What lies in the part that has not been fetched comes with its page.
    const shown = this.complete || !last ? fresh : fresh.filter(item => byAge(item, last) < 0)
    this.#replace(mergeItems(this.items, shown), this.total + fresh.length)
  }

  async #page(after: PictureItem | null, limit: number) {
    const key = after && { created: after.created, id: after.id }
    const { items } = await this.#api.gallery.page({ query: this.query, after: key, limit })
    return { items: items.filter(item => !this.#gone.has(item.id)), more: items.length === limit }
  }

  #replace(items: readonly PictureItem[], total: number): void {
    this.items = items
    this.total = Math.max(total, items.length)
  }
}
