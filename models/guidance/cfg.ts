import type { GuidanceMethod } from './method.ts'

/**
 * Classifier-free guidance (Ho and Salimans 2022): negative + w (positive - negative), two passes. At w = 1 that
 * is the prompt alone, which takes one.
 */
export const cfg: GuidanceMethod = guidance => async passes => {
  if (guidance === 1) return passes.positive()
  const { negative, positive } = await passes.both()
  return positive.map((value, i) => {
    const base = negative[i] as number
    return base + guidance * (value - base)
  })
}
