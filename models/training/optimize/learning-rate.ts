interface Curve {
  readonly learningRate: number
  readonly steps: number
  readonly warmup: number
  readonly cosine: number
}

/**
 * The learning rate of a step, counted from 0: rises evenly over the warm-up, stays, and falls to 0 as half a cosine
 * over the last share of the steps. With `cosine` 1 it is transformers' get_cosine_schedule_with_warmup.
 */
export function learningRateAt(step: number, { learningRate, steps, warmup, cosine }: Curve): number {
  if (step < warmup) return (learningRate * step) / warmup
  const start = Math.max(warmup, steps * (1 - cosine))
  if (step < start || start >= steps) return learningRate
  return learningRate * 0.5 * (1 + Math.cos((Math.PI * (step - start)) / (steps - start)))
}
