import { below, generatorAt, stream } from '../../training/random.ts'

/** How often each example counts: all ones for the examples as they are. */
export type Counts = Float64Array

/** A number of some examples. */
export type Statistic = (counts: Counts) => number

/** All examples, each once. */
export const once = (examples: number): Counts => new Float64Array(examples).fill(1)

/**
 * Resamples of Efron's bootstrap: each draws as many examples as there are, with replacement. What is compared on the same
 * prompts and seeds is drawn together.
 */
export function bootstrapDraws(examples: number, draws: number, seed: number): Counts[] {
  return Array.from({ length: draws }, (_, draw) => {
    const generator = generatorAt(seed, stream.order, draw)
    const counts = new Float64Array(examples)
    for (let i = 0; i < examples; i++) {
      const place = below(generator, examples)
      counts[place] = (counts[place] as number) + 1
    }
    return counts
  })
}

/** The middle 95% of what a statistic is over the draws; draws for which it is no number do not count. */
export function interval(statistic: Statistic, draws: readonly Counts[]): readonly [low: number, high: number] | null {
  const values = draws
    .map(statistic)
    .filter(Number.isFinite)
    .toSorted((a, b) => a - b)
  if (values.length < 2) return null
  const at = (share: number) => values[Math.round(share * (values.length - 1))] as number
  return [at(0.025), at(0.975)]
}

/** The mean of a number that each example has. */
export function mean(values: ArrayLike<number>): Statistic {
  return counts => {
    let [sum, all] = [0, 0]
    for (let i = 0; i < counts.length; i++) {
      sum += (counts[i] as number) * (values[i] as number)
      all += counts[i] as number
    }
    return sum / all
  }
}

/** How much of the way from no guidance to CFG is gone: 0 is none, 1 is CFG; of a measure that may rise or fall. */
export const recovery =
  (own: Statistic, none: Statistic, cfg: Statistic): Statistic =>
  counts => {
    const start = none(counts)
    // Plus nothing: what is no part of the way is 0, not -0.
    return (own(counts) - start) / (cfg(counts) - start) + 0
  }
