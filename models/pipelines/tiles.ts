/** A part of one axis, in latent cells. */
export interface Cut {
  /** What the tile is for. */
  readonly from: number
  readonly to: number
  /** What it reads: `margin` cells more on each side, as far as there are any. */
  readonly start: number
  readonly end: number
}

/** A tile: its parts of both axes. */
export interface Tile {
  readonly down: Cut
  readonly across: Cut
}

/** Cuts a latent into tiles of equal size that read no more than `most` cells along each side. */
export function tilesOf(height: number, width: number, most: number, margin: number): Tile[] {
  const columns = cutsOf(width, most, margin)
  return cutsOf(height, most, margin).flatMap(down => columns.map(across => ({ down, across })))
}

function cutsOf(size: number, most: number, margin: number): Cut[] {
  const count = size <= most ? 1 : Math.ceil(size / Math.max(1, most - 2 * margin))
  return Array.from({ length: count }, (_, i) => {
    const [from, to] = [Math.floor((i * size) / count), Math.floor(((i + 1) * size) / count)]
    return { from, to, start: Math.max(0, from - margin), end: Math.min(size, to + margin) }
  })
}

/** Values of a plane on each of some channels: [1, channels, height, width]. */
export interface Planes {
  readonly data: Float32Array
  readonly channels: number
  readonly height: number
  readonly width: number
}

/** Rows `top..bottom` and columns `left..right` of each channel. */
export function cropped(
  { data, channels, height, width }: Planes,
  top: number,
  bottom: number,
  left: number,
  right: number,
): Planes {
  const part = new Float32Array(channels * (bottom - top) * (right - left))
  let at = 0
  for (let channel = 0; channel < channels; channel++)
    for (let y = top; y < bottom; y++) {
      const row = (channel * height + y) * width
      part.set(data.subarray(row + left, row + right), at)
      at += right - left
    }
  return { data: part, channels, height: bottom - top, width: right - left }
}

/** Writes a part into each channel of a whole, with its upper left corner at a place. */
export function place(whole: Planes, part: Planes, top: number, left: number): void {
  for (let channel = 0; channel < part.channels; channel++)
    for (let y = 0; y < part.height; y++) {
      const row = part.data.subarray((channel * part.height + y) * part.width).subarray(0, part.width)
      whole.data.set(row, (channel * whole.height + top + y) * whole.width + left)
    }
}

/** Every `every`-th cell of `side` x `side` values, along both axes. */
export function thinned({ data, channels, height, width }: Planes, side: number, every: number): Planes {
  const kept = (size: number) => Math.ceil(size / side / every) * side
  const [rows, columns] = [kept(height), kept(width)]
  const from = (i: number) => Math.floor(i / side) * every * side + (i % side)
  const few = new Float32Array(channels * rows * columns)
  for (let i = 0; i < few.length; i++) {
    const [column, row, channel] = [i % columns, Math.floor(i / columns) % rows, Math.floor(i / columns / rows)]
    few[i] = data[(channel * height + from(row)) * width + from(column)] as number
  }
  return { data: few, channels, height: rows, width: columns }
}
