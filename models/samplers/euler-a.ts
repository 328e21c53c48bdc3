import { eulerJumps } from './euler.ts'
import type { Sampler } from './sampler.ts'
import { stray, walk } from './steps.ts'

/**
 * Euler steps that go further down than asked and come back up with fresh noise; diffusers'
 * EulerAncestralDiscreteScheduler. Draws noise on each step, the last included, where it has no weight.
 */
export const eulerAncestral: Sampler = {
  label: 'Euler a',
  plan(schedule, steps) {
    const { jumps, ...start } = eulerJumps(schedule, steps)
    return { ...start, sample: run => walk(run, jumps, (jump, x, x0) => stray(jump, x, x0, run.noise())) }
  },
}
