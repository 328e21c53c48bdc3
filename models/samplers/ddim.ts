import { clean, curveLevels, trainedLevel } from './levels.ts'
import type { Sampler } from './sampler.ts'
import { roundHalfEven, type Schedule } from './schedule.ts'
import { chain, type Jump, move, walk } from './steps.ts'

/** DDIM without noise, eta = 0 (Song et al. 2021); diffusers' DDIMScheduler, to which we add curves. */
export const ddim: Sampler = {
  label: 'DDIM',
  plan(schedule, steps) {
    const jumps = ddimJumps(schedule, steps)
    return { levels: jumps.map(({ from }) => from), initNoiseSigma: 1, sample: run => walk(run, jumps, move) }
  },
}

/** From each timestep a fixed stride down, also where spacing and rounding put the next one elsewhere; or along a curve. */
export function ddimJumps(schedule: Schedule, steps: number): Jump[] {
  const { curve, setAlphaToOne } = schedule.config
  if (curve) return chain(curveLevels(schedule, curve, steps))
  const stride = strideOf(schedule, steps)
  const last = setAlphaToOne ? clean : trainedLevel(schedule, 0)
  return schedule.timesteps(steps).map(spaced => {
    const timestep = roundHalfEven(spaced)
    const to = timestep < stride ? last : trainedLevel(schedule, timestep - stride)
    return { from: trainedLevel(schedule, timestep), to }
  })
}

/** Timesteps between two steps. */
export const strideOf = ({ config }: Schedule, steps: number): number => Math.floor(config.trainTimesteps / steps)
