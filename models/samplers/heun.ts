import { eulerJumps } from './euler.ts'
import type { Sampler } from './sampler.ts'
import { combine, move, type SecondCall, walk } from './steps.ts'

/**
 * Heun's method (Karras et al. 2022, algorithm 1 without churn); diffusers' HeunDiscreteScheduler. Two calls a step,
 * except for the last.
 */
export const heun: Sampler = {
  label: 'Heun',
  plan(schedule, steps) {
    const { jumps, ...start } = eulerJumps(schedule, steps)
    return { ...start, sample: run => walk(run, jumps, move, slopeThere) }
  },
}

/** Goes half of the way by the slope where the Euler step has led: the other half is half of that step. */
const slopeThere: SecondCall = {
  level: ({ to }) => to,
  step({ from, to }, x, there, x0) {
    const share = (to.sigma - from.sigma) / to.sigma / 2
    return combine([0.5, x], [0.5 + share, there], [-share, x0])
  },
}
