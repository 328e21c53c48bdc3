import { clamp, edges } from './filters.ts'
import type { Treatment } from './treatment.ts'

/** Squares on a side, and shades of each colour. */
const squares = 32
const shades = 6

/** 32 x 32 squares of 216 colours, a little more vivid than the scene and darker along its outlines. */
export const pixelArt: Treatment = (picture, size) => {
  const out = new Uint8Array(picture.length)
  const lines = edges(picture, size).map(steep => clamp((steep - 0.1) * 3))
  const edge = (i: number): number => Math.round((i * size) / squares)
  for (let sy = 0; sy < squares; sy++)
    for (let sx = 0; sx < squares; sx++) {
      const [top, bottom, left, right] = [edge(sy), edge(sy + 1), edge(sx), edge(sx + 1)]
      const mean = (plane: Uint8Array | Float32Array): number => meanOf(plane, size, top, bottom, left, right)
      const colour = [0, 1, 2].map(c => mean(picture.subarray(c * size * size)))
      const gray = (colour[0]! + colour[1]! + colour[2]!) / 3
      const light = 1 - 0.6 * mean(lines)
      for (let c = 0; c < 3; c++) {
        const vivid = clamp((light * (gray + 1.2 * (colour[c]! - gray))) / 255)
        const shade = (Math.round(vivid * (shades - 1)) / (shades - 1)) * 255
        for (let y = top; y < bottom; y++) out.fill(shade, (c * size + y) * size + left, (c * size + y) * size + right)
      }
    }
  return out
}

function meanOf(
  plane: Uint8Array | Float32Array,
  size: number,
  top: number,
  bottom: number,
  left: number,
  right: number,
): number {
  let sum = 0
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += plane[y * size + x] as number
  return sum / ((bottom - top) * (right - left))
}
