import type { NoiseLevel, SampleRun } from './sampler.ts'
import { karrasSigmas, roundHalfEven, type Schedule } from './schedule.ts'

/** One step: the level that the network is asked at, and the level that it leads to. */
export interface Jump {
  readonly from: NoiseLevel
  readonly to: Pick<NoiseLevel, 'alpha' | 'sigma'>
}

/** A picture without noise. */
export const clean: Jump['to'] = { alpha: 1, sigma: 0 }

/** Jumps from each level to the next, and from the last to the clean picture. */
export const chain = (levels: readonly NoiseLevel[]): Jump[] =>
  levels.map((from, i) => ({ from, to: levels[i + 1] ?? clean }))

/** What a plan lists of its jumps. */
export function listed(jumps: readonly Jump[]): { timesteps: number[]; levels: NoiseLevel[] } {
  const levels = jumps.map(({ from }) => from)
  return { levels, timesteps: levels.map(({ timestep }) => timestep) }
}

/** Asks the denoiser once for each jump from the run's start on, and moves as `step` says. */
export async function walk(
  run: SampleRun,
  jumps: readonly Jump[],
  step: (jump: Jump, x: Float32Array, x0: Float32Array) => Float32Array,
): Promise<Float32Array> {
  const start = run.start ?? 0
  let { x } = run
  for (const [i, jump] of jumps.entries()) {
    if (i < start) continue
    x = step(jump, x, await run.denoise(x, jump.from))
    await run.onStep?.(i, x)
  }
  return x
}

/**
 * Moves x to another level along the noise that x0 implies, x = alpha x0 + sigma noise. This is a step of DDIM, an
 * Euler step where alpha stays 1, and a first-order step of DPM++: the three differ in their levels only.
 */
export function move({ from, to }: Jump, x: Float32Array, x0: Float32Array): Float32Array {
  const kept = to.sigma / from.sigma
  return combine([kept, x], [to.alpha - kept * from.alpha, x0])
}

/** The sum of weight times values, added up in double precision and rounded once. */
export function combine(...terms: readonly (readonly [weight: number, values: Float32Array])[]): Float32Array {
  const sum = new Float64Array(terms[0]?.[1].length ?? 0)
  for (const [weight, values] of terms) {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (values[i] as number)
  }
  return Float32Array.from(sum)
}

/** The variance-preserving level of a noise over signal. */
export function preserving(timestep: number, sigma: number): NoiseLevel {
  const alpha = 1 / Math.sqrt(sigma * sigma + 1)
  return { timestep, alpha, sigma: sigma * alpha }
}

/** Karras' levels over the whole training range, each told to the network as a whole timestep. */
export function karrasLevels(schedule: Schedule, steps: number): NoiseLevel[] {
  const { trainTimesteps, betaSchedule } = schedule.config
  const whole = betaSchedule === 'squaredcos_cap_v2' ? Math.trunc : roundHalfEven
  return karrasSigmas(schedule.sigmaAt(trainTimesteps - 1), schedule.sigmaAt(0), steps).map(sigma =>
    preserving(whole(schedule.timestepOf(sigma)), sigma),
  )
}
