import { combined, type GuidanceMethod, rescaled } from './method.ts'

/**
 * Classifier-free guidance whose difference of the two predictions is fresh in every n-th call only; in between the
 * stale one is added to the prompt's prediction: 1 + 1/n passes. It changes slowly from one step to the next.
 */
export const reuse: GuidanceMethod = ({ refresh, rescale }) => {
  let difference: Float32Array | undefined
  return async (passes, { guidance, index }) => {
    if (guidance === 1) return passes.positive()
    if (!difference || (refresh > 0 && index % refresh === 0)) {
      const { negative, positive } = await passes.both()
      difference = positive.map((value, i) => value - (negative[i] as number))
      return combined(negative, positive, guidance, rescale)
    }
    const stale = difference
    const positive = await passes.positive()
    const guided = positive.map((value, i) => value + (guidance - 1) * (stale[i] as number))
    return rescaled(guided, positive, rescale)
  }
}
