import type { Treatment } from './treatment.ts'

/** Squares on a side, and shades of each colour. */
const squares = 32
const shades = 5

/** 32 x 32 squares of 125 colours, a little more vivid than the scene. */
export const pixelArt: Treatment = (picture, size) => {
  const out = new Uint8Array(picture.length)
  const edge = (i: number): number => Math.round((i * size) / squares)
  for (let sy = 0; sy < squares; sy++)
    for (let sx = 0; sx < squares; sx++) {
      const colour = [0, 1, 2].map(c => mean(picture, size, c, edge(sy), edge(sy + 1), edge(sx), edge(sx + 1)))
      const gray = (colour[0]! + colour[1]! + colour[2]!) / 3
      for (let c = 0; c < 3; c++) {
        const vivid = Math.min(255, Math.max(0, gray + 1.25 * (colour[c]! - gray)))
        const shade = (Math.round((vivid / 255) * (shades - 1)) / (shades - 1)) * 255
        for (let y = edge(sy); y < edge(sy + 1); y++)
          out.fill(shade, (c * size + y) * size + edge(sx), (c * size + y) * size + edge(sx + 1))
      }
    }
  return out
}

function mean(picture: Uint8Array, size: number, c: number, top: number, bottom: number, left: number, right: number) {
  let sum = 0
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) sum += picture[(c * size + y) * size + x] as number
  return sum / ((bottom - top) * (right - left))
}
