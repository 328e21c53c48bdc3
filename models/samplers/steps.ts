import { clean, noiseOverSignal } from './levels.ts'
import type { NoiseLevel, SampleRun } from './sampler.ts'

/** One step: the level that the network is asked at, and the level that it leads to. */
export interface Jump {
  readonly from: NoiseLevel
  readonly to: NoiseLevel
}

/** Jumps from each level to the next, and from the last to the clean picture. */
export const chain = (levels: readonly NoiseLevel[]): Jump[] =>
  levels.map((from, i) => ({ from, to: levels[i + 1] ?? clean }))

/** A second look within a step, after the first has led somewhere. */
export interface SecondCall {
  /** The level that the network is asked at once more. */
  level(jump: Jump): NoiseLevel
  /**
   * The state after the step.
   * @param x the state before the step
   * @param there where the first call has led
   * @param x0 what the network says of `there`
   */
  step(jump: Jump, x: Float32Array, there: Float32Array, x0: Float32Array): Float32Array
}

/**
 * Asks the denoiser once for each jump from the run's start on, and moves as `step` says. Where there is a second
 * call, each jump takes it, except for the one to the clean picture.
 */
export async function walk(
  run: SampleRun,
  jumps: readonly Jump[],
  step: (jump: Jump, x: Float32Array, x0: Float32Array) => Float32Array,
  second?: SecondCall,
): Promise<Float32Array> {
  const { start = 0, hold = (state: Float32Array) => state } = run
  let { x } = run
  for (const [i, jump] of jumps.entries()) {
    if (i < start) continue
    // Where rounding puts the next level elsewhere than the jump leads to, the network is asked at the next one.
    const next = jumps[i + 1]?.from ?? clean
    const between = jump.to === clean ? undefined : second?.level(jump)
    const before = x
    x = hold(step(jump, before, await run.denoise(before, jump.from)), between ?? next)
    await run.onStep?.(i, x)
    if (!second || !between) continue
    x = hold(second.step(jump, before, x, await run.denoise(x, between)), next)
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

/** Adds fresh noise to a state of a level with less noise, so that it is of level `to`. */
export function renoise({ from, to }: Jump, x: Float32Array, noise: Float32Array): Float32Array {
  const kept = to.alpha / from.alpha
  const added = Math.sqrt(Math.max(to.sigma ** 2 - (kept * from.sigma) ** 2, 0))
  return combine([kept, x], [added, noise])
}

/**
 * Moves further down than asked and comes back up with fresh noise: an ancestral Euler step where alpha stays 1, and
 * a first-order step of SDE-DPM-Solver++ (Lu et al. 2022, equation 18), which is the same.
 */
export function stray({ from, to }: Jump, x: Float32Array, x0: Float32Array, noise: Float32Array): Float32Array {
  const further = noiseOverSignal(to) / noiseOverSignal(from)
  const down = { ...to, sigma: to.sigma * further }
  return renoise({ from: down, to }, move({ from, to: down }, x, x0), noise)
}

/** What the network last took the picture for, and at which level. */
export interface Estimate {
  readonly level: NoiseLevel
  readonly x0: Float32Array
}

/**
 * Where x0 will have gone by the middle of a jump, in log(signal / noise), if it goes on as it did since an earlier
 * estimate (Lu et al. 2022, algorithm 2). The last step, to the clean picture, keeps to x0.
 */
export function lookAhead(jump: Jump, x0: Float32Array, before: Estimate | undefined): Float32Array {
  if (!before || jump.to === clean) return x0
  const stepBefore = logStep({ from: before.level, to: jump.from })
  const ahead = stepBefore > 0 ? logStep(jump) / stepBefore / 2 : 0
  return combine([1 + ahead, x0], [-ahead, before.x0])
}

/** A jump's length in log(signal / noise), which is lambda in the papers on DPM-Solver; 0 or more, Infinity to the clean picture. */
export const logStep = ({ from, to }: Jump): number => Math.log(noiseOverSignal(from) / noiseOverSignal(to))

/** The sum of weight times values, added up in double precision and rounded once. */
export function combine(...terms: readonly (readonly [weight: number, values: Float32Array])[]): Float32Array {
  const sum = new Float64Array(terms[0]?.[1].length ?? 0)
  for (const [weight, values] of terms) {
    for (let i = 0; i < sum.length; i++) sum[i] = (sum[i] as number) + weight * (values[i] as number)
  }
  return Float32Array.from(sum)
}
