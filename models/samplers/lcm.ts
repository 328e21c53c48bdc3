import { distilledJumps } from './distilled.ts'
import { clean } from './levels.ts'
import type { Sampler } from './sampler.ts'
import { combine, renoise, walk } from './steps.ts'

/** Standard deviation of the data, and what timesteps are multiplied by, in the boundary condition. */
const [sigmaData, timestepScaling] = [0.5, 10]

/**
 * Multistep sampling of latent consistency models (Luo et al. 2023, algorithm 3); diffusers' LCMScheduler. Each step
 * goes to the clean picture and back up with fresh noise; the last one stays and draws none.
 */
export const lcm: Sampler = {
  label: 'LCM',
  plan(schedule, steps) {
    const { jumps, ...start } = distilledJumps(schedule, steps)
    return {
      ...start,
      sample: run =>
        walk(run, jumps, ({ from, to }, x, x0) => {
          const scaled = from.timestep * timestepScaling
          const norm = Math.hypot(scaled, sigmaData)
          const denoised = combine([(sigmaData / norm) ** 2, x], [scaled / norm, x0])
          return to === clean ? denoised : renoise({ from: clean, to }, denoised, run.noise())
        }),
    }
  },
}
