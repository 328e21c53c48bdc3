import { UserError } from '../errors.ts'
import type { SamplerName } from './index.ts'
import { betaSchedules, curves, predictionTypes, type ScheduleConfig, spacings } from './schedule.ts'

/** What a diffusers scheduler file asks for. */
export interface DiffusersSchedule {
  readonly config: ScheduleConfig
  /** The sampler that the file's class stands for, where this studio has it. */
  readonly sampler: SamplerName | undefined
}

/**
 * Reads the object of a diffusers `scheduler_config.json`. Missing fields take the defaults of the file's class;
 * what would give other noise levels than the file means is refused. `clip_sample` is not heeded: latents are not pixels,
 * and diffusers' own pipeline turns it off.
 */
export function scheduleFromDiffusers(json: unknown): DiffusersSchedule {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw refusal('is not a JSON object')
  const file = new Fields(json)
  const name = file.text('_class_name', '')
  const usual = defaults[name] ?? {}
  for (const [key, known] of Object.entries(supported)) file.oneOf(key, known, known[0])
  if (file.has('trained_betas')) throw refusal('brings its own list of betas (trained_betas), which is not supported')
  const config: ScheduleConfig = {
    trainTimesteps: file.number('num_train_timesteps', 1000, n => Number.isInteger(n) && n >= 2 && n <= 100_000),
    betaStart: file.number('beta_start', usual.betaStart ?? 0.0001, isBeta),
    betaEnd: file.number('beta_end', usual.betaEnd ?? 0.02, isBeta),
    betaSchedule: file.oneOf('beta_schedule', betaSchedules, usual.betaSchedule ?? 'linear'),
    predictionType: file.oneOf('prediction_type', predictionTypes, 'epsilon'),
    spacing: file.oneOf('timestep_spacing', spacings, usual.spacing ?? 'linspace'),
    stepsOffset: file.number('steps_offset', 0, n => Number.isInteger(n) && n >= 0),
    setAlphaToOne: file.flag('set_alpha_to_one', usual.setAlphaToOne ?? true),
    rescaleBetasZeroSnr: file.flag('rescale_betas_zero_snr', false),
    curve: curves.find(curve => file.flag(`use_${curve}_sigmas`, false)),
    distilledSteps: file.number('original_inference_steps', 50, n => Number.isInteger(n) && n >= 1),
  }
  return { config, sampler: samplerOf(name, file) }
}

/** Fields that would move the noise levels in a way that is not here, and what they may say. */
const supported: Readonly<Record<string, readonly [unknown, ...unknown[]]>> = {
  use_lu_lambdas: [false],
  use_flow_sigmas: [false],
  final_sigmas_type: ['zero'],
  interpolation_type: ['linear'],
  timestep_type: ['discrete'],
  thresholding: [false],
}

/** Defaults of diffusers' classes where they are not linear betas of 0.0001 to 0.02 with `linspace`. */
const defaults: Readonly<Record<string, Partial<ScheduleConfig>>> = {
  DDIMScheduler: { spacing: 'leading' },
  DDPMScheduler: { spacing: 'leading' },
  PNDMScheduler: { spacing: 'leading', setAlphaToOne: false },
  LCMScheduler: { spacing: 'leading', betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' },
  TCDScheduler: { spacing: 'leading', betaStart: 0.00085, betaEnd: 0.012, betaSchedule: 'scaled_linear' },
  HeunDiscreteScheduler: { betaStart: 0.00085, betaEnd: 0.012 },
  KDPM2DiscreteScheduler: { betaStart: 0.00085, betaEnd: 0.012 },
  KDPM2AncestralDiscreteScheduler: { betaStart: 0.00085, betaEnd: 0.012 },
  DPMSolverSDEScheduler: { betaStart: 0.00085, betaEnd: 0.012 },
}

function samplerOf(name: string, file: Fields): SamplerName | undefined {
  switch (name) {
    case 'EulerDiscreteScheduler':
      return 'euler'
    case 'EulerAncestralDiscreteScheduler':
      return 'euler-a'
    case 'HeunDiscreteScheduler':
      return 'heun'
    case 'LMSDiscreteScheduler':
      return 'lms'
    case 'DDIMScheduler':
      return 'ddim'
    case 'PNDMScheduler':
      return file.flag('skip_prk_steps', false) ? 'pndm' : undefined
    case 'DPMSolverMultistepScheduler': {
      if (file.text('solver_type', 'midpoint') !== 'midpoint' || file.number('solver_order', 2) !== 2) return undefined
      const kinds: Readonly<Record<string, SamplerName>> = {
        'dpmsolver++': 'dpmpp-2m',
        'sde-dpmsolver++': 'dpmpp-2m-sde',
      }
      return kinds[file.text('algorithm_type', 'dpmsolver++')]
    }
    case 'DPMSolverSDEScheduler':
      return 'dpmpp-sde'
    case 'UniPCMultistepScheduler': {
      const usual = file.text('solver_type', 'bh2') === 'bh2' && file.number('solver_order', 2) === 2
      const whole = file.flag('predict_x0', true) && file.flag('lower_order_final', true)
      return usual && whole ? 'unipc' : undefined
    }
    case 'LCMScheduler':
      return 'lcm'
    case 'TCDScheduler':
      return 'tcd'
    default:
      return undefined
  }
}

/** Reads fields of known types; null counts as missing, as in diffusers. */
class Fields {
  readonly #values: ReadonlyMap<string, unknown>

  constructor(json: object) {
    this.#values = new Map(Object.entries(json).filter(([, value]) => value !== null))
  }

  has(key: string): boolean {
    return this.#values.has(key)
  }

  text(key: string, missing: string): string {
    const value = this.#values.get(key) ?? missing
    if (typeof value !== 'string') throw this.#unusable(key)
    return value
  }

  flag(key: string, missing: boolean): boolean {
    const value = this.#values.get(key) ?? missing
    if (typeof value !== 'boolean') throw this.#unusable(key)
    return value
  }

  number(key: string, missing: number, valid: (value: number) => boolean = Number.isFinite): number {
    const value = this.#values.get(key) ?? missing
    if (typeof value !== 'number' || !valid(value)) throw this.#unusable(key)
    return value
  }

  oneOf<T>(key: string, known: readonly T[], missing: T): T {
    const value = this.#values.get(key) ?? missing
    const found = known.find(name => name === value)
    if (found === undefined) throw this.#unusable(key, `It can be ${known.join(', ')}.`)
    return found
  }

  #unusable(key: string, hint?: string): UserError {
    return refusal(`has a ${key} that is not supported: ${JSON.stringify(this.#values.get(key))}`, hint)
  }
}

const isBeta = (value: number): boolean => value > 0 && value < 1

const refusal = (what: string, hint = 'Take the scheduler file that came with the model.'): UserError =>
  new UserError(`The scheduler file ${what}.`, hint)
