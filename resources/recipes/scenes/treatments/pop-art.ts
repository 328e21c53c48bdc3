import { blur, clamp, edges } from './filters.ts'
import type { Treatment } from './treatment.ts'

/** Pixels of 128 from dot to dot, and how far each colour's rows are turned (cyan, magenta, yellow). */
const pitch = 5
const angles = [15, 75, 0].map(degrees => (degrees * Math.PI) / 180)

/** Printed in dots of three inks, as comics were, with black outlines. */
export const popArt: Treatment = (picture, size) => {
  const plane = size * size
  const step = (pitch * size) / 128
  const lines = edges(picture, size).map(steep => clamp((steep - 0.15) * 4))
  const out = new Uint8Array(picture.length)
  for (let c = 0; c < 3; c++) {
    const soft = blur(picture.subarray(c * plane, (c + 1) * plane), size, 1)
    const [cos, sin] = [Math.cos(angles[c]!), Math.sin(angles[c]!)]
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const i = y * size + x
        const u = (x * cos + y * sin) / step
        const v = (y * cos - x * sin) / step
        const far = Math.hypot(u - Math.round(u), v - Math.round(v))
        // A dot of this radius covers as much of its square as the ink is strong
        const radius = Math.sqrt((1 - soft[i]! / 255) / Math.PI) * 1.12
        const inked = clamp((radius - far) * step + 0.5)
        out[c * plane + i] = 255 * (1 - inked) * (1 - lines[i]!)
      }
  }
  return out
}
