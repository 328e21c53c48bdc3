import { distilledJumps } from './distilled.ts'
import { clean, trainedLevel } from './levels.ts'
import type { Sampler } from './sampler.ts'
import { move, renoise, walk } from './steps.ts'

/** How far below the next timestep each step goes before it comes back up, 0..1: diffusers' eta, 0.3. */
const gamma = 0.3

/**
 * Strategic stochastic sampling of trajectory consistency distillation (Zheng et al. 2024, algorithm 4); diffusers'
 * TCDScheduler. Draws noise on each step but the last, which goes to training step 0.
 */
export const tcd: Sampler = {
  label: 'TCD',
  plan(schedule, steps) {
    const { jumps, ...start } = distilledJumps(schedule, steps)
    return {
      ...start,
      sample: run =>
        walk(run, jumps, ({ from, to }, x, x0) => {
          // Rounded as torch does, in single precision.
          const timestep = Math.floor(Math.fround(Math.fround(1 - gamma) * to.timestep))
          const below = trainedLevel(schedule, timestep)
          const moved = move({ from, to: below }, x, x0)
          return to === clean ? moved : renoise({ from: below, to }, moved, run.noise())
        }),
    }
  },
}
