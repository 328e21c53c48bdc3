import { both } from './cfg.ts'
import type { GuidanceMethod } from './method.ts'

/**
 * Classifier-free guidance between two levels of noise only, the prompt alone elsewhere (Kynkäänniemi et al.,
 * Applying Guidance in a Limited Interval, NeurIPS 2024).
 */
export const interval: GuidanceMethod =
  ({ interval: [low, high], rescale }) =>
  (passes, call) =>
    call.sigma > low && call.sigma <= high ? both(passes, call, { rescale }) : passes.positive()
