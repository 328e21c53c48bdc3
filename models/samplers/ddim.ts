import type { NoiseLevel, Sampler } from './sampler.ts'
import { roundHalfEven, type Schedule } from './schedule.ts'
import { chain, clean, type Jump, karrasLevels, listed, move, walk } from './steps.ts'

/** DDIM without noise, eta = 0 (Song et al. 2021); diffusers' DDIMScheduler, to which we add Karras levels. */
export const ddim: Sampler = {
  label: 'DDIM',
  plan(schedule, steps) {
    const jumps = schedule.config.karras ? chain(karrasLevels(schedule, steps)) : trainedJumps(schedule, steps)
    return { ...listed(jumps), initNoiseSigma: 1, sample: run => walk(run, jumps, move) }
  },
}

/** Each step goes a fixed stride of timesteps down, also where spacing and rounding put the next one elsewhere. */
function trainedJumps(schedule: Schedule, steps: number): Jump[] {
  const { trainTimesteps, setAlphaToOne } = schedule.config
  const stride = Math.floor(trainTimesteps / steps)
  const level = (timestep: number): NoiseLevel => {
    const signal = schedule.alphasCumprod[timestep] as number
    return { timestep, alpha: Math.sqrt(signal), sigma: Math.sqrt(1 - signal) }
  }
  const last = setAlphaToOne ? clean : level(0)
  return schedule.timesteps(steps).map(spaced => {
    const timestep = roundHalfEven(spaced)
    return { from: level(timestep), to: timestep < stride ? last : level(timestep - stride) }
  })
}
