import { combined, type GuidanceMethod } from './method.ts'

/**
 * Classifier-free guidance until the two predictions agree, the prompt alone from then on (Castillo et al., Adaptive
 * Guidance, arXiv 2312.12487).
 */
export const adaptive: GuidanceMethod = ({ agreement, rescale }) => {
  let agreed = false
  return async (passes, { guidance }) => {
    if (agreed || guidance === 1) return passes.positive()
    const { negative, positive } = await passes.both()
    agreed = cosine(negative, positive) >= agreement
    return combined(negative, positive, guidance, rescale)
  }
}

function cosine(a: Float32Array, b: Float32Array): number {
  let [ab, aa, bb] = [0, 0, 0]
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number]
    ab += x * y
    aa += x * x
    bb += y * y
  }
  return ab / Math.sqrt(aa * bb)
}
