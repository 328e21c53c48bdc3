import type { PictureItem } from '../../../preload/contract/gallery.ts'
import type { GalleryState } from '../../state/gallery.svelte.ts'
import { type Packing, packRows, type Rows, rowAt, rowCount, rowOf } from './rows.ts'

/** How far beyond the window rows are kept, in window heights: more where the person is going. */
const ahead = 1.25
const behind = 0.5

/** Which rows of the gallery exist now, for where the person has scrolled to. */
export class GridLayout {
  width = $state(0)
  height = $state(0)
  top = $state(0)
  /** The height that rows come close to. */
  wanted = $state(200)

  readonly #gallery: GalleryState
  #last: { items: readonly PictureItem[]; rows: Rows } | undefined
  /** The way the person scrolls: 1 is down. */
  #way = $state(1)
  /**
   * Set while each frame shows other pictures: only what is seen is made then, and no picture is fetched that would be
   * gone before it is there.
   */
  jumping = $state(false)
  #settle: ReturnType<typeof setTimeout> | undefined
  #jumped = Number.NEGATIVE_INFINITY
  /** The picture at the window's upper edge, and how far it is above it: it stays there when the rows change. */
  #anchor: { id: number; above: number } | undefined

  constructor(gallery: GalleryState) {
    this.#gallery = gallery
  }

  readonly #packing: Packing = $derived({ width: this.width, height: this.wanted, gap: 2 })
  readonly rows: Rows = $derived.by(() => this.#pack(this.#gallery.items, this.#packing))

  /** Height of the rows that are known. */
  readonly known = $derived(this.rows.tops.at(-1) ?? 0)

  /** Height of all, where the part that has not been fetched is guessed from the rest. */
  readonly total = $derived.by(() => {
    const { items, total } = this.#gallery
    return items.length === 0 ? 0 : Math.round((this.known / items.length) * Math.max(items.length, total))
  })

  readonly from = $derived(rowAt(this.rows, this.top - this.height * this.#over(this.#way < 0)))
  readonly to = $derived(
    Math.min(rowCount(this.rows), rowAt(this.rows, this.top + this.height * (1 + this.#over(this.#way > 0))) + 1),
  )

  /** Whether the person looks below the last picture that is known. */
  readonly starved = $derived.by(() => !this.#gallery.complete && this.top + this.height * 3 > this.known)

  /** To be told of every scroll. */
  scrolled(top: number): void {
    const by = top - this.top
    if (by === 0) return
    this.#way = Math.sign(by)
    if (Math.abs(by) > this.height) {
      // One jump by itself is no fling: its pictures are wanted at once.
      this.jumping = performance.now() - this.#jumped < 250
      this.#jumped = performance.now()
      clearTimeout(this.#settle)
      this.#settle = setTimeout(() => {
        this.jumping = false
      }, 60)
    }
    this.top = top
    this.#gallery.scroll = top
    const row = rowAt(this.rows, top)
    const first = this.#gallery.items[this.rows.first[row] ?? 0]
    this.#anchor = first && { id: first.id, above: top - (this.rows.tops[row] ?? 0) }
  }

  /** Where to scroll to when the rows have changed, so that the same pictures stay in sight; null where it is right. */
  anchored(): number | null {
    if (!this.#anchor || this.top === 0) return null
    const { id, above } = this.#anchor
    const items = this.#gallery.items
    const index = items.findIndex(item => item.id === id)
    if (index < 0) return null
    const top = (this.rows.tops[rowOf(this.rows, index)] ?? 0) + above
    return Math.abs(top - this.top) < 1 ? null : top
  }

  /** How many rows a row is above or below what is seen; 0 in sight. */
  away(row: number): number {
    const first = rowAt(this.rows, this.top)
    const last = rowAt(this.rows, this.top + this.height)
    return Math.max(0, first - row, row - last)
  }

  /** How far to scroll so that a picture is wholly seen. */
  reveal(index: number): number | null {
    const row = rowOf(this.rows, index)
    const top = this.rows.tops[row] ?? 0
    const bottom = this.rows.tops[row + 1] ?? top
    if (top < this.top) return top
    if (bottom > this.top + this.height) return bottom - this.height
    return null
  }

  #over(there: boolean): number {
    return this.jumping ? 0.1 : there ? ahead : behind
  }

  #pack(items: readonly PictureItem[], packing: Packing): Rows {
    const last = this.#last
    const goesOn = last?.rows.packing === packing && last.items.every((item, index) => item === items[index])
    const rows = packing.width > 0 ? packRows(items, packing, goesOn ? last?.rows : undefined) : empty
    this.#last = { items, rows }
    return rows
  }
}

const empty: Rows = { packing: { width: 0, height: 0, gap: 0 }, first: [0], tops: [0] }
