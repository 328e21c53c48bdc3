import type { NoiseLevel } from './sampler.ts'
import type { PredictionType } from './schedule.ts'
import { combine } from './steps.ts'

/** Scales a state of any level to unit variance, which is what networks are trained on. Same length as x. */
export function scaleInput(x: Float32Array, { alpha, sigma }: NoiseLevel): Float32Array {
  return combine([1 / Math.hypot(alpha, sigma), x])
}

/**
 * The clean sample that a network's output stands for. All arrays have the latent's length.
 * @param output what the network gave for `scaleInput(x, level)`
 * @param x the state before scaling
 */
export function toX0(
  output: Float32Array,
  x: Float32Array,
  { alpha, sigma }: NoiseLevel,
  type: PredictionType,
): Float32Array {
  const norm = Math.hypot(alpha, sigma)
  switch (type) {
    case 'epsilon':
      // A state that is noise alone says nothing about x0, and neither does knowing the noise: the mean is 0.
      return alpha === 0 ? new Float32Array(x.length) : combine([1 / alpha, x], [-sigma / alpha, output])
    case 'v_prediction':
      return combine([alpha / norm ** 2, x], [-sigma / norm, output])
    case 'sample':
      return output
  }
}

/** What a network would have given for the clean sample that it stands for: undoes `toX0`. */
export function toOutput(
  x0: Float32Array,
  x: Float32Array,
  { alpha, sigma }: NoiseLevel,
  type: PredictionType,
): Float32Array {
  const norm = Math.hypot(alpha, sigma)
  switch (type) {
    case 'epsilon':
      return combine([1 / sigma, x], [-alpha / sigma, x0])
    case 'v_prediction':
      return combine([alpha / (norm * sigma), x], [-norm / sigma, x0])
    case 'sample':
      return x0
  }
}
