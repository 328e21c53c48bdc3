import { UserError } from '../errors.ts'
import type { InitPicture } from './settings.ts'

/** From this grey on a pixel is painted anew, as diffusers takes it. */
const threshold = 0.5

/**
 * A mask at the latent's size: 1 in each cell of `factor` x `factor` pixels that is painted anew, 0 where it is kept; a
 * cell goes by its upper left pixel, as torch's nearest interpolation does. [height / factor * width / factor]
 * @param mask greys of 0..1, [height * width]
 * @throws UserError where no cell is painted anew
 */
export function cellsOf(mask: Float32Array, width: number, factor: number): Float32Array {
  const across = width / factor
  const cells = new Float32Array(mask.length / factor ** 2)
  for (let i = 0; i < cells.length; i++) {
    const pixel = (Math.floor(i / across) * width + (i % across)) * factor
    cells[i] = (mask[pixel] as number) >= threshold ? 1 : 0
  }
  if (cells.includes(1)) return cells
  throw new UserError(
    `The mask keeps the whole picture: nothing in it is white over ${factor} pixels.`,
    'Paint white where the picture shall be painted anew.',
  )
}

/** The picture with nothing (the grey in the middle of -1..1) where the mask paints anew; all of it where there is no mask. */
export function withoutMasked({ pixels, mask }: Pick<InitPicture, 'pixels' | 'mask'>): Float32Array {
  return pixels.map((value, i) => (mask && (mask[i % mask.length] as number) < threshold ? value : 0))
}

/** Takes each value of a latent from `painted` where its cell is 1 and from `known` where it is 0. */
export const composed = (cells: Float32Array, painted: Float32Array, known: Float32Array): Float32Array =>
  painted.map((value, i) => (cells[i % cells.length] === 1 ? value : (known[i] as number)))

/**
 * Lays a painted picture, rows of bytes, over the one that it began with: where the mask is black that one's own pixels
 * stay, greys mix both (diffusers' and A1111's overlay).
 */
export function overlaid(painted: Uint8Array, { pixels, mask }: InitPicture): Uint8Array {
  if (!mask) return painted
  const area = mask.length
  return painted.map((byte, i) => {
    const [pixel, colour] = [Math.floor(i / 3), i % 3]
    const share = mask[pixel] as number
    const kept = ((pixels[colour * area + pixel] as number) + 1) * 127.5
    return Math.round(share * byte + (1 - share) * kept)
  })
}
