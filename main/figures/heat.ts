import sharp from 'sharp'

/** A map of numbers over a picture: rows. */
interface HeatMap {
  readonly height: number
  readonly width: number
  readonly values: Float32Array
}

/** Rows of bytes, red green blue. */
interface Painted {
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
}

export interface HeatRow {
  readonly title: string
  /** One for each column; nothing where there is none. */
  readonly maps: readonly (HeatMap | undefined)[]
}

const tile = 96
const gap = 4
const margin = { left: 96, top: 22 }
const background = { r: 16, g: 15, b: 14 }

/**
 * Heat maps over a grey picture as a PNG: a row each, a column for each step. A row is as bright as its largest number
 * is, which is written beside it; `columns` are the columns' titles.
 */
export async function heatPng(picture: Painted, columns: readonly string[], rows: readonly HeatRow[]): Promise<Buffer> {
  const { pixels, width, height } = picture
  const grey = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(tile, tile, { fit: 'fill' })
    .greyscale()
    .raw()
    .toBuffer()
  const step = tile + gap
  const size = { width: margin.left + columns.length * step, height: margin.top + rows.length * step }
  const tops = rows.map(({ maps }) => Math.max(0, ...maps.map(map => (map ? largest(map.values) : 0))))
  const tiles = rows.flatMap(({ maps }, row) =>
    maps.flatMap((map, column) =>
      map
        ? [
            {
              input: over(grey, map, tops[row] || 1),
              raw: { width: tile, height: tile, channels: 3 as const },
              left: margin.left + column * step,
              top: margin.top + row * step,
            },
          ]
        : [],
    ),
  )
  const text = (x: number, y: number, words: string) => `<text x="${x}" y="${y}">${words}</text>`
  const labels = [
    ...columns.map((title, column) => text(margin.left + column * step + 2, margin.top - 7, title)),
    ...rows.flatMap(({ title }, row) => {
      const y = margin.top + row * step + tile / 2
      return [text(6, y, title), text(6, y + 16, `to ${Number((tops[row] as number).toPrecision(2))}`)]
    }),
  ].join('')
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${size.width}" height="${size.height}" font-family="sans-serif" font-size="12" fill="#cfc8bd">${labels}</svg>`
  return sharp({ create: { ...size, channels: 3, background } })
    .composite([...tiles, { input: Buffer.from(svg) }])
    .png({ palette: true, quality: 90 })
    .toBuffer()
}

const largest = (values: Float32Array): number => values.reduce((most, value) => Math.max(most, value), 0)

/** The picture's light in the map's colours, from slate to lamplight. */
function over(grey: Buffer, { width, height, values }: HeatMap, top: number): Buffer {
  const channels = grey.length / tile / tile
  const bytes = Buffer.alloc(tile * tile * 3)
  for (let at = 0; at < tile * tile; at++) {
    const [row, column] = [
      Math.floor((Math.floor(at / tile) * height) / tile),
      Math.floor(((at % tile) * width) / tile),
    ]
    const heat = (values[row * width + column] as number) / top
    const shade = 0.3 + (0.7 * (grey[at * channels] as number)) / 255
    const colour = [60 + 195 * Math.min(1, 1.5 * heat), 60 + 140 * heat ** 1.5, 70 + 40 * heat ** 4]
    for (const [channel, value] of colour.entries()) bytes[at * 3 + channel] = shade * value
  }
  return bytes
}
