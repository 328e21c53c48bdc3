import { blur, clamp, edges, hills } from './filters.ts'
import type { Treatment } from './treatment.ts'

const paper = [250, 245, 232] as const
const ink = [44, 40, 58] as const

/** Pale washes that run a little over their outlines, of uneven strength, and lines of ink. */
export const watercolor: Treatment = (picture, size, random) => {
  const plane = size * size
  const unit = size / 128
  const wash = hills(size, 6, random)
  const grain = random.uniforms(plane)
  const lines = edges(picture, size).map(steep => clamp((steep - 0.1) * 3.2))
  const out = new Uint8Array(picture.length)
  for (let c = 0; c < 3; c++) {
    const soft = blur(picture.subarray(c * plane, (c + 1) * plane), size, Math.round(2 * unit))
    for (let i = 0; i < plane; i++) {
      const strength = 0.5 + 0.4 * wash[i]! - 0.06 * grain[i]!
      const washed = paper[c]! + (soft[i]! - paper[c]!) * strength
      out[c * plane + i] = washed + (ink[c]! - washed) * 0.85 * lines[i]!
    }
  }
  return out
}
