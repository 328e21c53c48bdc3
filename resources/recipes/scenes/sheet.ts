import sharp from 'sharp'
import type { PaintedScene } from './scenes.ts'

const across = 8
const gap = 8
/** Room for four lines of a caption under each picture. */
const textHeight = 56
const lineLength = 24

/** One PNG of the first scenes with their captions, to be looked at before anything is trained on them. */
export async function writeSheet(path: string, scenes: readonly PaintedScene[], size: number): Promise<void> {
  const cell = { width: Math.max(size, 144) + gap, height: size + textHeight + gap }
  const width = across * cell.width
  const height = Math.ceil(scenes.length / across) * cell.height
  const corner = (i: number) => ({ left: (i % across) * cell.width, top: Math.floor(i / across) * cell.height })
  const captions = scenes.map(({ scene }, i) => text(scene.caption, corner(i).left, corner(i).top + size + 13)).join('')
  const layers = await Promise.all(
    scenes.map(async ({ picture }, i) => ({ input: await png(picture, size), ...corner(i) })),
  )
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${captions}</svg>`
  await sharp({ create: { width, height, channels: 3, background: '#f4f4f4' } })
    .composite([...layers, { input: Buffer.from(svg) }])
    .removeAlpha()
    .png()
    .toFile(path)
}

/** Planes to pixels. */
function png(picture: Uint8Array, size: number): Promise<Buffer> {
  const plane = size * size
  const pixels = Uint8Array.from(picture, (_, i) => picture[(i % 3) * plane + Math.floor(i / 3)] as number)
  return sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
    .png()
    .toBuffer()
}

function text(caption: string, left: number, top: number): string {
  const lines = caption.match(new RegExp(`.{1,${lineLength}}(?= |$)`, 'g')) ?? []
  const spans = lines.map((line, i) => `<tspan x="${left}" y="${top + 13 * i}">${line.trim()}</tspan>`)
  return `<text font-family="sans-serif" font-size="11">${spans.join('')}</text>`
}
