import type { Schedule } from './schedule.ts'

/**
 * A level of noise: x = alpha * x0 + sigma * noise. Variance-preserving samplers keep alpha^2 + sigma^2 = 1,
 * the Euler family keeps alpha = 1 (Karras et al. 2022); the denoiser takes either.
 */
export interface NoiseLevel {
  /** Timestep that the network is told, 0..999; may be fractional. */
  readonly timestep: number
  readonly alpha: number
  readonly sigma: number
}

/** Estimates the clean sample x0 from x at a level. All arrays have the latent's length. */
export type Denoise = (x: Float32Array, level: NoiseLevel) => Promise<Float32Array>

export interface SampleRun {
  /** The state to begin with: scaled noise, or a noised picture for a later start. */
  readonly x: Float32Array
  readonly denoise: Denoise
  /** Draws unit normals of the latent's length from the picture's own generator (samplers with noise in their steps). */
  readonly noise: () => Float32Array
  /**
   * Puts into each new state, which is of `level`, what is known of the picture: the kept part where a mask is painted.
   */
  readonly hold?: (x: Float32Array, level: NoiseLevel) => Float32Array
  /** Index of the first step to take; 0 paints from noise, more is image to image. */
  readonly start?: number
  /** Called after each call of the denoiser with the index of the step that it belongs to, and the new state. */
  readonly onStep?: (step: number, x: Float32Array) => void | Promise<void>
}

/** The steps of one sampler on one schedule. */
export interface Plan {
  /** Unit normals are multiplied by this to get the first state. */
  readonly initNoiseSigma: number
  /** Level of each step's state before the step: what a picture is noised to for a later start. */
  readonly levels: readonly NoiseLevel[]
  sample(run: SampleRun): Promise<Float32Array>
}

/** One sampler: a file of its own, one line in `index.ts`. */
export interface Sampler {
  /** The name people know, e.g. `DPM++ 2M`. */
  readonly label: string
  plan(schedule: Schedule, steps: number): Plan
}
