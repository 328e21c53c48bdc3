import { both } from './cfg.ts'
import type { GuidanceMethod } from './method.ts'

const endless = 1000

/**
 * Classifier-free guidance between two levels of noise only, the prompt alone elsewhere (Kynkäänniemi et al.,
 * Applying Guidance in a Limited Interval, NeurIPS 2024). An upper level of `endless` is none: where the terminal SNR
 * is zero, the first step's is infinite.
 */
export const interval: GuidanceMethod =
  ({ interval: [low, high], rescale }) =>
  (passes, call) =>
    call.sigma > low && (call.sigma <= high || high >= endless) ? both(passes, call, { rescale }) : passes.positive()
