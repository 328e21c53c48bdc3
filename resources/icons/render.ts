import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import sharp from 'sharp'

/** Renders the drawings into `dist/icons`, in the forms that each system wants. */
const out = join(import.meta.dirname, '../../dist/icons')

interface Picture {
  readonly side: number
  readonly png: Buffer
}

/** Share of the side that the drawing fills: on a Mac icons stand apart from each other. */
async function render(drawing: string, side: number, share = 1): Promise<Picture> {
  const inner = Math.round(side * share)
  const before = Math.floor((side - inner) / 2)
  const after = side - inner - before
  const png = await sharp(join(import.meta.dirname, `${drawing}.svg`), { density: 72 * Math.max(1, side / 1024) })
    .resize(inner, inner)
    .extend({ top: before, left: before, bottom: after, right: after, background: '#0000' })
    .png()
    .toBuffer()
  return { side, png }
}

/** Windows: a directory of PNGs, which it takes since Vista. */
function ico(pictures: readonly Picture[]): Buffer {
  const head = Buffer.alloc(6 + 16 * pictures.length)
  head.writeUInt16LE(1, 2)
  head.writeUInt16LE(pictures.length, 4)
  let offset = head.length
  for (const [index, { side, png }] of pictures.entries()) {
    const at = 6 + 16 * index
    // 0 stands for 256.
    head.writeUInt8(side % 256, at)
    head.writeUInt8(side % 256, at + 1)
    head.writeUInt16LE(1, at + 4)
    head.writeUInt16LE(32, at + 6)
    head.writeUInt32LE(png.length, at + 8)
    head.writeUInt32LE(offset, at + 12)
    offset += png.length
  }
  return Buffer.concat([head, ...pictures.map(({ png }) => png)])
}

/** Names of the sizes on a Mac; those of 32, 64, 256... may also be twice the half. */
const macTypes = {
  32: ['ic11'],
  64: ['ic12'],
  128: ['ic07'],
  256: ['ic08', 'ic13'],
  512: ['ic09', 'ic14'],
  1024: ['ic10'],
}

function icns(pictures: ReadonlyMap<number, Picture>): Buffer {
  const entries = Object.entries(macTypes).flatMap(([side, types]) => {
    const png = pictures.get(Number(side))?.png ?? Buffer.alloc(0)
    return types.map(type => Buffer.concat([Buffer.from(type), length(png.length + 8), png]))
  })
  const body = Buffer.concat(entries)
  return Buffer.concat([Buffer.from('icns'), length(body.length + 8), body])
}

function length(bytes: number): Buffer {
  const buffer = Buffer.alloc(4)
  buffer.writeUInt32BE(bytes)
  return buffer
}

const ofSides = (drawing: string, sides: readonly number[], share?: number): Promise<Picture[]> =>
  Promise.all(sides.map(side => render(drawing, side, share)))

mkdirSync(join(out, 'linux'), { recursive: true })
for (const drawing of ['icon', 'document']) {
  const windows = await ofSides(drawing, [16, 24, 32, 48, 64, 128, 256])
  writeFileSync(join(out, `${drawing}.ico`), ico(windows))
  const mac = await ofSides(drawing, Object.keys(macTypes).map(Number), 824 / 1024)
  writeFileSync(join(out, `${drawing}.icns`), icns(new Map(mac.map(picture => [picture.side, picture]))))
}
for (const { side, png } of await ofSides('icon', [16, 32, 48, 64, 128, 256, 512]))
  writeFileSync(join(out, 'linux', `${side}x${side}.png`), png)
