import { blur, clamp, edges } from './filters.ts'
import type { Treatment } from './treatment.ts'

/** Outlines glow in the colours beside them, before the scene in the dark. */
export const neon: Treatment = (picture, size) => {
  const plane = size * size
  const unit = size / 128
  const lines = edges(picture, size).map(steep => clamp((steep - 0.08) * 4))
  const glow = blur(blur(lines, size, Math.round(3 * unit)), size, Math.round(3 * unit))
  const near = [0, 1, 2].map(c => blur(picture.subarray(c * plane, (c + 1) * plane), size, Math.round(2 * unit)))
  const out = new Uint8Array(picture.length)
  for (let i = 0; i < plane; i++) {
    const [r, g, b] = [near[0]![i]!, near[1]![i]!, near[2]![i]!]
    const low = 0.7 * Math.min(r, g, b)
    const high = Math.max(r, g, b, 1) - low
    for (let c = 0; c < 3; c++) {
      const tube = 255 * clamp((near[c]![i]! - low) / high)
      const lit = tube * (1.3 * glow[i]! + 0.8 * lines[i]!) + 110 * lines[i]! * lines[i]!
      out[c * plane + i] = Math.min(255, 0.24 * picture[c * plane + i]! + lit)
    }
  }
  return out
}
