import type { Plan, Sampler } from './sampler.ts'
import { karrasSigmas, type Schedule } from './schedule.ts'
import { chain, type Jump, listed, move, walk } from './steps.ts'

/** Euler steps of the probability-flow ODE with alpha = 1 (Karras et al. 2022); diffusers' EulerDiscreteScheduler. */
export const euler: Sampler = {
  label: 'Euler',
  plan(schedule, steps) {
    const { jumps, ...lists } = eulerJumps(schedule, steps)
    return { ...lists, sample: run => walk(run, jumps, move) }
  },
}

/** What the plans of the Euler family share. With Karras the levels span those of the spaced timesteps. */
export function eulerJumps(schedule: Schedule, steps: number): Omit<Plan, 'sample'> & { jumps: Jump[] } {
  const spaced = schedule.timesteps(steps).map(timestep => ({ timestep, sigma: schedule.sigmaAt(timestep) }))
  const ends = [spaced.at(0)?.sigma ?? 0, spaced.at(-1)?.sigma ?? 0] as const
  const points = schedule.config.karras
    ? karrasSigmas(...ends, steps).map(sigma => ({ timestep: schedule.timestepOf(sigma), sigma }))
    : spaced
  const jumps = chain(points.map(point => ({ ...point, alpha: 1 })))
  const [max] = ends
  return {
    jumps,
    ...listed(jumps),
    sigmas: [...points.map(({ sigma }) => sigma), 0],
    initNoiseSigma: schedule.config.spacing === 'leading' ? Math.hypot(max, 1) : max,
  }
}
