/** What the packing needs to know of a picture. */
interface Sized {
  readonly width: number
  readonly height: number
}

/** How rows are packed, in pixels. */
export interface Packing {
  readonly width: number
  /** The height that rows come close to; no full row is taller than 1.5 times that. */
  readonly height: number
  readonly gap: number
}

/** Justified rows: row `r` holds the pictures from `first[r]` up to `first[r + 1]` and begins at `tops[r]`. */
export interface Rows {
  readonly packing: Packing
  /** One more than there are rows: the last is the number of pictures. */
  readonly first: readonly number[]
  /** One more than there are rows: the last is the height of all, its gap included. */
  readonly tops: readonly number[]
}

/** Where one picture lies, whole pixels from the grid's corner. */
export interface Tile {
  readonly index: number
  readonly left: number
  readonly width: number
}

const tallest = 1.5

const aspect = (picture: Sized | undefined): number => (picture ? picture.width / picture.height : 1)

/** Number of rows. */
export const rowCount = (rows: Rows): number => rows.first.length - 1

/** Height of row `row` without its gap. */
export const rowHeight = (rows: Rows, row: number): number =>
  (rows.tops[row + 1] ?? 0) - (rows.tops[row] ?? 0) - rows.packing.gap

/**
 * Packs pictures into rows that fill the width exactly and keep each picture's proportions to the pixel. A row ends
 * where its height comes closest to the wanted one. The last row is never blown up: it stays at the wanted height.
 *
 * With `before` (the rows of a beginning of the same pictures, packed the same way) only what came after is packed.
 */
export function packRows(pictures: readonly Sized[], packing: Packing, before?: Rows): Rows {
  const { width, height, gap } = packing
  const kept = before ? Math.max(0, rowCount(before) - 1) : 0
  const first = before ? before.first.slice(0, kept + 1) : [0]
  const tops = before ? before.tops.slice(0, kept + 1) : [0]
  let start = first[kept] ?? 0
  let sum = 0

  const close = (end: number, rowHeight: number): void => {
    first.push(end)
    tops.push((tops.at(-1) ?? 0) + Math.max(1, Math.round(rowHeight)) + gap)
    start = end
  }
  const justified = (count: number, aspects: number): number => (width - (count - 1) * gap) / aspects

  for (let index = start; index < pictures.length; index++) {
    const own = aspect(pictures[index])
    const without = index > start ? justified(index - start, sum) : Number.POSITIVE_INFINITY
    const withOwn = justified(index - start + 1, sum + own)
    sum += own
    if (withOwn > height) continue
    if (without <= height * tallest && without / height < height / withOwn) {
      close(index, without)
      sum = own
      if (justified(1, own) > height) continue
      close(index + 1, justified(1, own))
    } else close(index + 1, withOwn)
    sum = 0
  }
  if (start < pictures.length) close(pictures.length, Math.min(height, justified(pictures.length - start, sum)))
  return { packing, first, tops }
}

/** The pictures of one row, edge to edge. */
export function rowTiles(pictures: readonly Sized[], rows: Rows, row: number): Tile[] {
  const { width, height: wanted, gap } = rows.packing
  const start = rows.first[row] ?? 0
  const end = rows.first[row + 1] ?? start
  let sum = 0
  for (let index = start; index < end; index++) sum += aspect(pictures[index])
  const full = (width - (end - start - 1) * gap) / sum
  const height = row === rowCount(rows) - 1 ? Math.min(wanted, full) : full
  const tiles: Tile[] = []
  let passed = 0
  for (let index = start; index < end; index++) {
    const left = Math.round(passed * height)
    passed += aspect(pictures[index])
    tiles.push({ index, left: left + (index - start) * gap, width: Math.round(passed * height) - left })
  }
  return tiles
}

/** The row that covers `y`; the first or last where none does. */
export function rowAt(rows: Rows, y: number): number {
  let low = 0
  let high = Math.max(0, rowCount(rows) - 1)
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((rows.tops[middle] ?? 0) <= y) low = middle
    else high = middle - 1
  }
  return low
}

/** The row that holds a picture. */
export function rowOf(rows: Rows, index: number): number {
  let low = 0
  let high = Math.max(0, rowCount(rows) - 1)
  while (low < high) {
    const middle = (low + high + 1) >> 1
    if ((rows.first[middle] ?? 0) <= index) low = middle
    else high = middle - 1
  }
  return low
}

/** The picture of row `row` that lies under the middle of another picture: where arrow up and down lead. */
export function nearestIn(pictures: readonly Sized[], rows: Rows, row: number, from: number): number {
  const own = rowTiles(pictures, rows, rowOf(rows, from)).find(tile => tile.index === from)
  const middle = own ? own.left + own.width / 2 : 0
  let best = rows.first[row] ?? 0
  let distance = Number.POSITIVE_INFINITY
  for (const tile of rowTiles(pictures, rows, row)) {
    const away = Math.max(tile.left - middle, middle - tile.left - tile.width, 0)
    if (away < distance) {
      best = tile.index
      distance = away
    }
  }
  return best
}
