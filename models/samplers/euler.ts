import { eulerLevels } from './levels.ts'
import type { Plan, Sampler } from './sampler.ts'
import type { Schedule } from './schedule.ts'
import { chain, type Jump, move, walk } from './steps.ts'

/** Euler steps of the probability-flow ODE with alpha = 1 (Karras et al. 2022); diffusers' EulerDiscreteScheduler. */
export const euler: Sampler = {
  label: 'Euler',
  plan(schedule, steps) {
    const { jumps, ...start } = eulerJumps(schedule, steps)
    return { ...start, sample: run => walk(run, jumps, move) }
  },
}

/** What the plans of the Euler family share. */
export function eulerJumps(schedule: Schedule, steps: number): Omit<Plan, 'sample'> & { jumps: Jump[] } {
  const levels = eulerLevels(schedule, steps)
  const max = levels[0]?.sigma ?? 0
  return {
    jumps: chain(levels),
    levels,
    initNoiseSigma: schedule.config.spacing === 'leading' ? Math.hypot(max, 1) : max,
  }
}
