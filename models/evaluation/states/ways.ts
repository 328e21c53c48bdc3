import { toX0 } from '../../samplers/prediction.ts'
import type { NoiseLevel } from '../../samplers/sampler.ts'
import type { PredictionType } from '../../samplers/schedule.ts'
import { combine, type Jump, move } from '../../samplers/steps.ts'
import { type Asked, take } from '../../training/states/teacher.ts'
import type { Ask } from './ask.ts'
import type { Said } from './nearness.ts'

/** Some latents on their way from noise to pictures, all by the same DDIM steps. */
export interface Journey {
  readonly ask: Ask
  readonly jumps: readonly Jump[]
  readonly prediction: PredictionType
  readonly asked: readonly Asked[]
  /** Numbers of a latent. */
  readonly size: number
  /** Guidance scale. */
  readonly w: number
}

/** Whose predictions are followed. */
export type Leader = 'cfg' | 'guide' | 'none'

/** Told what was said of each state, and its level of noise. */
export type OnSaid = (said: Said, level: NoiseLevel) => void

/** Everything that can be said of some states; all arrays are [n, channels, h, w]. */
export async function askAll({ ask, asked, w }: Journey, samples: Float32Array, timestep: number): Promise<Said> {
  return { ...(await ask.both(samples, asked, timestep)), guided: await ask.guided(samples, asked, timestep, w) }
}

/**
 * Follows latents from noise to the end, and gives where they arrive. With `onSaid` all that can be said is asked for
 * along the way, else only what leads on.
 */
export async function follow(
  journey: Journey,
  noise: Float32Array,
  leader: Leader,
  onSaid?: OnSaid,
): Promise<Float32Array> {
  let samples = noise
  for (const jump of journey.jumps) {
    const { timestep } = jump.from
    if (onSaid) {
      const said = await askAll(journey, samples, timestep)
      tell(journey, said, jump.from, onSaid)
      samples = moved(journey, samples, leading(said, leader, journey.w), jump)
    } else samples = moved(journey, samples, await lead(journey, samples, leader, timestep), jump)
  }
  return samples
}

/** What leads on, in no more passes than that takes. */
async function lead({ ask, asked, w }: Journey, samples: Float32Array, leader: Leader, timestep: number) {
  if (leader === 'cfg') return leading({ ...(await ask.both(samples, asked, timestep)), guided: samples }, leader, w)
  return ask.guided(samples, asked, timestep, leader === 'none' ? 1 : w)
}

/** Asks of clean latents that are noised to the level of each step. */
export async function askNoised(
  journey: Journey,
  clean: Float32Array,
  noise: Float32Array,
  onSaid: OnSaid,
): Promise<void> {
  for (const { from } of journey.jumps) {
    const samples = combine([from.alpha, clean], [from.sigma, noise])
    tell(journey, await askAll(journey, samples, from.timestep), from, onSaid)
  }
}

/** What CFG, the guide, or no guidance makes of it. */
export function leading({ positive, negative, guided }: Said, leader: Leader, w: number): Float32Array {
  if (leader === 'cfg') return combine([w, positive], [1 - w, negative])
  return leader === 'guide' ? guided : positive
}

/** The states after a step with these predictions. */
export const moved = (
  { prediction }: Pick<Journey, 'prediction'>,
  samples: Float32Array,
  output: Float32Array,
  jump: Jump,
): Float32Array => move(jump, samples, toX0(output, samples, jump.from, prediction))

function tell({ asked, size }: Journey, said: Said, level: NoiseLevel, onSaid: OnSaid): void {
  for (const place of asked.keys()) {
    const of = (all: Float32Array) => take(all, place, size)
    onSaid({ positive: of(said.positive), negative: of(said.negative), guided: of(said.guided) }, level)
  }
}
