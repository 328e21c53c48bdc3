import { UserError } from '../errors.ts'

export const betaSchedules = ['scaled_linear', 'linear', 'squaredcos_cap_v2'] as const
export type BetaSchedule = (typeof betaSchedules)[number]

export const spacings = ['leading', 'linspace', 'trailing'] as const
export type Spacing = (typeof spacings)[number]

export const predictionTypes = ['epsilon', 'v_prediction', 'sample'] as const
/** What a network's output is: the noise, the velocity alpha noise - sigma x0 (Salimans and Ho 2022), or x0. */
export type PredictionType = (typeof predictionTypes)[number]

export const curves = ['karras', 'exponential', 'beta'] as const
/** Noise levels that follow a curve from the highest to the lowest, rather than evenly spaced timesteps (curves.ts). */
export type Curve = (typeof curves)[number]

/** How a base was trained to see noise, and how its steps are laid out. Meanings are those of diffusers. */
export interface ScheduleConfig {
  /** Number of noise levels in training, 1000 for Stable Diffusion. */
  readonly trainTimesteps: number
  /** Variance of the noise that the first training step adds, in (0, 1). */
  readonly betaStart: number
  /** Variance of the noise that the last training step adds, in (0, 1). */
  readonly betaEnd: number
  readonly betaSchedule: BetaSchedule
  readonly predictionType: PredictionType
  /** Which timesteps are taken (Lin et al. 2023, table 2). */
  readonly spacing: Spacing
  /** Added to each timestep of `leading`. */
  readonly stepsOffset: number
  /** Whether DDIM's last step ends without any noise rather than at training step 0. */
  readonly setAlphaToOne: boolean
  /** Whether the last training step is noise alone (Lin et al. 2023). */
  readonly rescaleBetasZeroSnr: boolean
  /** What the noise levels follow, where they do not follow the spaced timesteps. */
  readonly curve?: Curve | undefined
  /** Number of steps that consistency models (LCM, TCD) were distilled from: theirs are taken among these. */
  readonly distilledSteps: number
}

/** Stable Diffusion 1.x, for a single file that brings no scheduler of its own. */
export const sd1Schedule: ScheduleConfig = {
  trainTimesteps: 1000,
  betaStart: 0.00085,
  betaEnd: 0.012,
  betaSchedule: 'scaled_linear',
  predictionType: 'epsilon',
  spacing: 'leading',
  stepsOffset: 1,
  setAlphaToOne: false,
  rescaleBetasZeroSnr: false,
  distilledSteps: 50,
}

/** The noise levels of training. Tables are float32 and rounded where torch rounds. */
export class Schedule {
  readonly config: ScheduleConfig
  /** Share of the picture in the variance by training timestep, falling; ends at 0 for zero terminal SNR. */
  readonly alphasCumprod: Float32Array
  /** Noise over signal by training timestep, rising; 4096, as diffusers has it, where no signal is left. */
  readonly sigmas: Float32Array
  readonly #logSigmas: Float32Array

  constructor(config: ScheduleConfig) {
    this.config = config
    const trained = cumulativeProduct(betas(config).map(beta => 1 - beta))
    this.alphasCumprod = config.rescaleBetasZeroSnr ? toZeroTerminalSnr(trained) : trained
    this.sigmas = this.alphasCumprod.map(alpha => Math.sqrt((1 - alpha) / alpha))
    if (config.rescaleBetasZeroSnr) this.sigmas[this.sigmas.length - 1] = Math.sqrt((1 - 2 ** -24) / 2 ** -24)
    this.#logSigmas = this.sigmas.map(Math.log)
  }

  /** Throws `UserError` where there are fewer levels than steps. */
  requireSteps(steps: number): void {
    const { trainTimesteps: most } = this.config
    if (!Number.isInteger(steps) || steps < 1 || steps > most)
      throw new UserError(`${steps} steps cannot be taken.`, `Choose a whole number from 1 to ${most}.`)
  }

  /**
   * Timesteps of so many steps, highest first, in 0..trainTimesteps-1; fractional for `linspace`.
   * @param steps 1..trainTimesteps
   * @param parts into how many the training range is divided: the first `steps` of that many are taken
   */
  timesteps(steps: number, parts = steps): number[] {
    this.requireSteps(steps)
    const { trainTimesteps: count, spacing, stepsOffset } = this.config
    const taken = Array.from({ length: steps }, (_, i) => i)
    if (spacing === 'trailing') {
      // numpy's arange to the last bit, since ties round by it, but never its one value too many (61 steps, 103...).
      const stride = count - count / parts - count
      return taken.map(i => roundHalfEven(count + i * stride) - 1)
    }
    const stride = spacing === 'leading' ? Math.max(1, Math.floor(count / parts)) : (count - 1) / Math.max(parts - 1, 1)
    const offset = spacing === 'leading' ? stepsOffset : 0
    return taken.map(i => Math.min((parts - 1 - i) * stride + offset, count - 1))
  }

  /** Noise over signal at a timestep, which may lie between two of training. */
  sigmaAt(timestep: number): number {
    const low = Math.min(Math.max(Math.floor(timestep), 0), this.sigmas.length - 2)
    const weight = Math.min(Math.max(timestep - low, 0), 1)
    return (1 - weight) * at(this.sigmas, low) + weight * at(this.sigmas, low + 1)
  }

  /** The timestep, fractional, of a noise over signal above 0: the inverse of the table in logarithms. */
  timestepOf(sigma: number): number {
    const log = Math.log(sigma)
    const above = this.#logSigmas.findIndex(other => other > log)
    const low = above === -1 ? this.sigmas.length - 2 : Math.max(above - 1, 0)
    const [from, to] = [at(this.#logSigmas, low), at(this.#logSigmas, low + 1)]
    const weight = Math.min(Math.max((from - log) / Math.fround(from - to), 0), 1)
    return (1 - weight) * low + weight * (low + 1)
  }
}

/** Rounds as numpy does: halves to the even neighbour. */
export function roundHalfEven(value: number): number {
  const low = Math.floor(value)
  const up = value - low > 0.5 || (value - low === 0.5 && low % 2 !== 0)
  return up ? low + 1 : low
}

function betas({ trainTimesteps, betaStart, betaEnd, betaSchedule }: ScheduleConfig): Float32Array {
  switch (betaSchedule) {
    case 'linear':
      return linspace(betaStart, betaEnd, trainTimesteps)
    case 'scaled_linear':
      return linspace(Math.sqrt(betaStart), Math.sqrt(betaEnd), trainTimesteps).map(root => root * root)
    case 'squaredcos_cap_v2': {
      const signal = (step: number) => Math.cos((((step / trainTimesteps + 0.008) / 1.008) * Math.PI) / 2) ** 2
      const beta = (step: number) => Math.min(1 - signal(step + 1) / signal(step), 0.999)
      return Float32Array.from({ length: trainTimesteps }, (_, step) => beta(step))
    }
  }
}

function linspace(from: number, to: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => from + (i * (to - from)) / (count - 1))
}

/** Accumulates in double precision and stores float32, as torch does. */
function cumulativeProduct(factors: Float32Array): Float32Array {
  let product = 1
  return factors.map(factor => {
    product *= factor
    return product
  })
}

/**
 * Shifts and scales the signal so that the last level has none and the first keeps its own (Lin et al. 2023, 1). Each
 * value is rounded as often as torch does it: where hardly any signal is left, that shows in the fifth digit.
 */
function toZeroTerminalSnr(alphasCumprod: Float32Array): Float32Array {
  const signal = alphasCumprod.map(Math.sqrt)
  const [first, last] = [at(signal, 0), at(signal, signal.length - 1)]
  const scale = Math.fround(first / Math.fround(first - last))
  const squared = signal.map(value => Math.fround(Math.fround(value - last) * scale) ** 2)
  const alphas = squared.map((value, i) => (i === 0 ? value : value / at(squared, i - 1)))
  const betas = alphas.map(alpha => 1 - alpha)
  return cumulativeProduct(betas.map(beta => 1 - beta))
}

const at = (values: Float32Array, index: number): number => values[index] as number
