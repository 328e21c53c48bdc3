import { curveSigmas } from './curves.ts'
import type { NoiseLevel } from './sampler.ts'
import { type Curve, roundHalfEven, type Schedule } from './schedule.ts'

/** A picture without noise. */
export const clean: NoiseLevel = { timestep: 0, alpha: 1, sigma: 0 }

/** Noise over signal, 0 for a clean picture; Infinity where there is noise alone. */
export const noiseOverSignal = ({ alpha, sigma }: NoiseLevel): number => sigma / alpha

/** The variance-preserving level of a noise over signal. */
function preserving(timestep: number, noiseOverSignal: number): NoiseLevel {
  const alpha = 1 / Math.sqrt(noiseOverSignal * noiseOverSignal + 1)
  return { timestep, alpha, sigma: noiseOverSignal * alpha }
}

/** The variance-preserving level of a training timestep; noise alone at the last one of zero terminal SNR. */
export function trainedLevel(schedule: Schedule, timestep: number): NoiseLevel {
  const signal = schedule.alphasCumprod[timestep] as number
  return { timestep, alpha: Math.sqrt(signal), sigma: Math.sqrt(1 - signal) }
}

/** The Euler family's levels, alpha = 1. A curve spans the levels of the spaced timesteps. */
export function eulerLevels(schedule: Schedule, steps: number): NoiseLevel[] {
  const { curve } = schedule.config
  const spaced = schedule.timesteps(steps).map(timestep => ({ timestep, alpha: 1, sigma: schedule.sigmaAt(timestep) }))
  if (!curve) return spaced
  const [max, min] = [spaced.at(0)?.sigma ?? 0, spaced.at(-1)?.sigma ?? 0]
  return curveSigmas(curve, max, min, steps).map(sigma => {
    const timestep = Math.fround(schedule.timestepOf(sigma))
    return { timestep, alpha: 1, sigma }
  })
}

/** The levels of solvers in log(signal / noise), told to the network as whole timesteps. */
export function solverLevels(schedule: Schedule, steps: number): NoiseLevel[] {
  const { curve, spacing } = schedule.config
  if (curve) return curveLevels(schedule, curve, steps)
  // These solvers divide the range as if the clean end were a step too, except when trailing.
  const parts = spacing === 'trailing' ? steps : steps + 1
  return schedule
    .timesteps(steps, parts)
    .map(roundHalfEven)
    .map(timestep => preserving(timestep, schedule.sigmaAt(timestep)))
}

/** A curve's levels over the whole training range, told to the network as whole timesteps; `spacing` has no part in it. */
export function curveLevels(schedule: Schedule, curve: Curve, steps: number): NoiseLevel[] {
  const { trainTimesteps, betaSchedule } = schedule.config
  const whole = curve === 'karras' && betaSchedule !== 'squaredcos_cap_v2' ? roundHalfEven : Math.trunc
  const [max, min] = [schedule.sigmaAt(trainTimesteps - 1), schedule.sigmaAt(0)]
  return curveSigmas(curve, max, min, steps).map(sigma => preserving(whole(schedule.timestepOf(sigma)), sigma))
}
