import sharp, { type OverlayOptions } from 'sharp'
import type { Painted } from '../pictures/painted.ts'
import type { Variant } from '../pictures/variants.ts'
import { escaped } from './chart.ts'

const [left, top, gap] = [96, 28, 4]
/** Pictures are shown no larger. */
const most = 256

/** One prompt's pictures as a PNG: methods downwards, guidance scales across. */
export async function grid(painted: Painted, rows: readonly (readonly Variant[])[], prompt: number): Promise<Buffer> {
  const overlays: OverlayOptions[] = []
  const labels: string[] = []
  let [cellWidth, cellHeight] = [0, 0]
  for (const [row, variants] of rows.entries())
    for (const [column, variant] of variants.entries()) {
      const { pixels, width, height } = await painted.read(variant, prompt)
      const shrink = Math.min(1, most / Math.max(width, height))
      ;[cellWidth, cellHeight] = [Math.round(width * shrink), Math.round(height * shrink)]
      const [x, y] = [left + column * (cellWidth + gap), top + row * (cellHeight + gap)]
      const cell = sharp(pixels, { raw: { width, height, channels: 3 } }).resize(cellWidth, cellHeight)
      overlays.push({ input: await cell.png().toBuffer(), left: x, top: y })
      if (row === 0) labels.push(label(x + cellWidth / 2, 18, `w = ${variant.guidance}`, 'middle'))
      if (column === 0) labels.push(label(left - 8, y + cellHeight / 2, nameOf(variant), 'end'))
    }
  const width = left + (rows[0]?.length ?? 0) * (cellWidth + gap)
  const height = top + rows.length * (cellHeight + gap)
  const words = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" font-family="sans-serif" font-size="12">${labels.join('')}</svg>`
  return sharp({ create: { width, height, channels: 3, background: '#fff' } })
    .composite([...overlays, { input: Buffer.from(words), left: 0, top: 0 }])
    .png()
    .toBuffer()
}

const nameOf = ({ method, refresh }: Variant): string => (refresh === undefined ? method : `${method}:${refresh}`)

const label = (x: number, y: number, text: string, anchor: string): string =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}">${escaped(text)}</text>`
