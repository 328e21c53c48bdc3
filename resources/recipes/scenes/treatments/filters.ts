import type { Generator } from '../../../../models/tensor/random.ts'

/** Mean over a square of 2 radius + 1 pixels, of one plane [size, size]; beyond the sides the last pixel goes on. */
export function blur(plane: ArrayLike<number>, size: number, radius: number): Float32Array {
  return blurRows(blurRows(plane, size, radius), size, radius)
}

/** Blurs along the rows and turns rows into columns, so that twice does both ways. */
function blurRows(plane: ArrayLike<number>, size: number, radius: number): Float32Array {
  const out = new Float32Array(size * size)
  const at = (y: number, x: number): number => plane[y * size + Math.min(size - 1, Math.max(0, x))] as number
  for (let y = 0; y < size; y++) {
    let sum = 0
    for (let x = -radius; x <= radius; x++) sum += at(y, x)
    for (let x = 0; x < size; x++) {
      out[x * size + y] = sum / (2 * radius + 1)
      sum += at(y, x + radius + 1) - at(y, x - radius)
    }
  }
  return out
}

/** How steeply a picture [3, size, size] changes at each pixel (Sobel), the steepest of its colours, 0..1 of black to white. */
export function edges(picture: ArrayLike<number>, size: number): Float32Array {
  const out = new Float32Array(size * size)
  for (let c = 0; c < 3; c++) {
    const at = (y: number, x: number): number => picture[(c * size + y) * size + x] as number
    for (let y = 1; y < size - 1; y++)
      for (let x = 1; x < size - 1; x++) {
        const across =
          at(y - 1, x + 1) +
          2 * at(y, x + 1) +
          at(y + 1, x + 1) -
          at(y - 1, x - 1) -
          2 * at(y, x - 1) -
          at(y + 1, x - 1)
        const down =
          at(y + 1, x - 1) +
          2 * at(y + 1, x) +
          at(y + 1, x + 1) -
          at(y - 1, x - 1) -
          2 * at(y - 1, x) -
          at(y - 1, x + 1)
        const steep = Math.sqrt(across * across + down * down) / 1020
        if (steep > (out[y * size + x] as number)) out[y * size + x] = steep
      }
  }
  return out
}

/** Smooth random hills of 0..1, about `cells` of them on each side. */
export function hills(size: number, cells: number, random: Generator): Float32Array {
  const grid = random.uniforms((cells + 2) * (cells + 2))
  const out = new Float32Array(size * size)
  for (let y = 0; y < size; y++)
    for (let x = 0; x < size; x++) {
      const gx = (x * cells) / size
      const gy = (y * cells) / size
      const corner = Math.floor(gy) * (cells + 2) + Math.floor(gx)
      const fx = smooth(gx % 1)
      const fy = smooth(gy % 1)
      const mix = (at: number): number => (grid[at] as number) * (1 - fx) + (grid[at + 1] as number) * fx
      out[y * size + x] = mix(corner) * (1 - fy) + mix(corner + cells + 2) * fy
    }
  return out
}

const smooth = (x: number): number => x * x * (3 - 2 * x)

export const clamp = (x: number): number => Math.min(1, Math.max(0, x))
