import type { Curve } from './schedule.ts'

/**
 * Noise levels (noise over signal) along a curve.
 * @param max the first level
 * @param min the last level; above 0
 * @param count 1 or more; a single level is the first
 */
export function curveSigmas(curve: Curve, max: number, min: number, count: number): number[] {
  const shares = Array.from({ length: count }, (_, i) => i / Math.max(count - 1, 1))
  return shares.map(share => shapes[curve](share, max, min))
}

const rho = 7

/** The level at a share, 0 to 1, of the way. */
const shapes: Readonly<Record<Curve, (share: number, max: number, min: number) => number>> = {
  /** Evenly spaced in their seventh root (Karras et al. 2022, equation 5). */
  karras: (share, max, min) => (max ** (1 / rho) + share * (min ** (1 / rho) - max ** (1 / rho))) ** rho,
  /** Evenly spaced in their logarithm. */
  exponential: (share, max, min) => Math.exp(Math.log(max) + share * (Math.log(min) - Math.log(max))),
  /** Closer together at both ends: quantiles of the beta distribution of 0.6 and 0.6 (Lee et al. 2024, Beta Sampling). */
  beta: (share, max, min) => min + betaQuantile(1 - share) * (max - min),
}

/** Both parameters of the beta distribution. */
const shape = 0.6

/** The value, 0..1, that the distribution stays below with a probability of 0..1. */
function betaQuantile(probability: number): number {
  if (probability > 0.5) return 1 - betaQuantile(1 - probability)
  const wanted = 2 * probability * areaBelow(0.5)
  let [low, high] = [0, 0.5]
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2
    if (areaBelow(middle) < wanted) low = middle
    else high = middle
  }
  return high
}

/** The integral of (t (1 - t))^(shape - 1) from 0 to x, 0..0.5, by the power series of (1 - t)^(shape - 1). */
function areaBelow(x: number): number {
  let [sum, coefficient] = [0, 1]
  for (let n = 0; n < 60; n++) {
    sum += (coefficient * x ** n) / (shape + n)
    coefficient *= (n + 1 - shape) / (n + 1)
  }
  return x ** shape * sum
}
