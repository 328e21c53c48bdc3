import sharp from 'sharp'
import type { Art, Drawing } from './art.ts'
import type { Background } from './backgrounds.ts'

/** A drawing as pixels: [side, side, channels] of uint8, alpha (where there is one) not multiplied in. */
export interface Sprite {
  readonly side: number
  readonly pixels: Uint8Array
}

/** Everything that scenes are made of, drawn once; a thing is asked for by style, name and side in pixels. */
export interface Sprites {
  thing(style: string, thing: string, side: number): Sprite
  /** RGB with `margin` pixels to spare on each side. */
  background(name: string): Sprite
  readonly margin: number
}

/** Draws all of `art` at all `sides` and all backgrounds for pictures of `size`. Memory: 4 bytes a pixel. */
export async function drawSprites(
  art: readonly Art[],
  backgrounds: Readonly<Record<string, Background>>,
  size: number,
  sides: readonly number[],
): Promise<Sprites> {
  const drawn = new Map<string, Sprite>()
  for (const { style, drawings } of art)
    for (const [thing, drawing] of drawings)
      for (const side of sides)
        drawn.set(`${style}/${thing}/${side}`, await drawThing(drawing, side, `${thing}, ${style}`))
  const margin = Math.round(size / 40)
  for (const [name, { fill }] of Object.entries(backgrounds)) drawn.set(name, await drawBackground(fill, size, margin))
  const get = (key: string): Sprite => {
    const sprite = drawn.get(key)
    if (sprite === undefined) throw new Error(`${key} was not drawn`)
    return sprite
  }
  return { margin, thing: (style, thing, side) => get(`${style}/${thing}/${side}`), background: get }
}

/** The box is drawn as a square of `side`: its longer side fills it, the shorter one is in the middle. */
async function drawThing({ body, box }: Drawing, side: number, name: string): Promise<Sprite> {
  const pixels = await raster(`<svg ${head(side)} viewBox="${box.join(' ')}">${body}</svg>`, 4)
  if (!pixels.some((value, i) => i % 4 === 3 && value === 255)) throw new Error(`the drawing of ${name} shows nothing`)
  return { side, pixels }
}

async function drawBackground(fill: string, size: number, margin: number): Promise<Sprite> {
  const side = size + 2 * margin
  const beyond = (128 * margin) / size
  const box = [-beyond, -beyond, 128 + 2 * beyond, 128 + 2 * beyond].join(' ')
  return { side, pixels: await raster(`<svg ${head(side)} viewBox="${box}">${fill}</svg>`, 3) }
}

const head = (side: number): string =>
  `xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="${side}" height="${side}"`

async function raster(svg: string, channels: 3 | 4): Promise<Uint8Array> {
  const picture = sharp(Buffer.from(svg)).toColourspace('srgb')
  return new Uint8Array(await (channels === 4 ? picture.ensureAlpha() : picture.removeAlpha()).raw().toBuffer())
}
