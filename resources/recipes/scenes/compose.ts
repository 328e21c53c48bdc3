import type { Generator } from '../../../models/tensor/random.ts'
import { pick, shift } from './pick.ts'
import type { Scene } from './plan.ts'
import type { Sprite, Sprites } from './sprites.ts'

/** Sides of the things as shares of the picture's; a big one comes in three. */
const shares = { big: [0.76, 0.82, 0.88], small: [0.38], half: [0.47] } as const

const sideOf = (share: number, size: number): number => Math.round(share * size)

/** All sides that things are drawn in, for pictures of `size`. */
export function sidesFor(size: number): number[] {
  return Object.values(shares).flatMap(list => list.map(share => sideOf(share, size)))
}

/** Centres as shares of the picture's side. */
const centres = {
  middle: [0.5, 0.5],
  'top left': [0.23, 0.23],
  'top right': [0.77, 0.23],
  'bottom left': [0.23, 0.77],
  'bottom right': [0.77, 0.77],
  left: [0.26, 0.5],
  right: [0.74, 0.5],
  top: [0.5, 0.26],
  bottom: [0.5, 0.74],
} as const

/** Paints the scene as [3, size, size] of uint8. Things are moved by up to 3 pixels of 128, the background a little too. */
export function compose(scene: Scene, sprites: Sprites, size: number, random: Generator): Uint8Array {
  const picture = new Uint8Array(3 * size * size)
  layBackground(picture, sprites, scene.background, size, random)
  const side = sideOf(pick(random, shares[scene.size]), size)
  const put = (thing: string, place: keyof typeof centres): void => {
    const [x, y] = centres[place]
    const jitter = Math.round((3 * size) / 128)
    const left = Math.round(x * size - side / 2) + shift(random, jitter)
    const top = Math.round(y * size - side / 2) + shift(random, jitter)
    blend(picture, size, sprites.thing(scene.style, thing, side), left, top)
  }
  put(scene.thing, scene.place)
  if (scene.other !== undefined) put(scene.other, scene.place === 'left' ? 'right' : 'bottom')
  return picture
}

function layBackground(picture: Uint8Array, sprites: Sprites, name: string, size: number, random: Generator): void {
  const { side, pixels } = sprites.background(name)
  const left = sprites.margin + shift(random, sprites.margin)
  const top = sprites.margin + shift(random, sprites.margin)
  const plane = size * size
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const from = ((top + y) * side + left + x) * 3
      const to = y * size + x
      picture[to] = pixels[from] as number
      picture[plane + to] = pixels[from + 1] as number
      picture[2 * plane + to] = pixels[from + 2] as number
    }
}

/** Lays a sprite over the picture; what is beyond the sides is left out. */
function blend(picture: Uint8Array, size: number, { side, pixels }: Sprite, left: number, top: number): void {
  const plane = size * size
  for (let y = Math.max(0, -top); y < Math.min(side, size - top); y++)
    for (let x = Math.max(0, -left); x < Math.min(side, size - left); x++) {
      const from = (y * side + x) * 4
      const alpha = pixels[from + 3] as number
      if (alpha === 0) continue
      const to = (top + y) * size + left + x
      for (let c = 0; c < 3; c++) {
        const under = picture[c * plane + to] as number
        picture[c * plane + to] = Math.round(under + (((pixels[from + c] as number) - under) * alpha) / 255)
      }
    }
}
