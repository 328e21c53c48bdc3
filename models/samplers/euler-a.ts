import { eulerJumps } from './euler.ts'
import type { Sampler } from './sampler.ts'
import { combine, move, walk } from './steps.ts'

/**
 * Euler steps that go further down than asked and come back up with fresh noise; diffusers'
 * EulerAncestralDiscreteScheduler. Draws noise on each step, the last included, where it has no weight.
 */
export const eulerAncestral: Sampler = {
  label: 'Euler a',
  plan(schedule, steps) {
    const { jumps, ...lists } = eulerJumps(schedule, steps)
    return {
      ...lists,
      sample: run =>
        walk(run, jumps, ({ from, to }, x, x0) => {
          const down = to.sigma ** 2 / from.sigma
          const up = Math.sqrt(Math.max(to.sigma ** 2 - down ** 2, 0))
          return combine([1, move({ from, to: { alpha: 1, sigma: down } }, x, x0)], [up, run.noise()])
        }),
    }
  },
}
