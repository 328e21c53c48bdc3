import { solverLevels } from './levels.ts'
import type { Plan, SampleRun, Sampler } from './sampler.ts'
import type { Schedule } from './schedule.ts'
import { chain, type Estimate, type Jump, lookAhead, move, walk } from './steps.ts'

/** DPM-Solver++ 2M (Lu et al. 2022, algorithm 2); diffusers' DPMSolverMultistepScheduler of order 2, midpoint. */
export const dpmpp2m: Sampler = {
  label: 'DPM++ 2M',
  plan: (schedule, steps) => multistep(schedule, steps, () => move),
}

/** A plan whose steps go by where x0 will have gone by their middle; `step` takes that for x0. */
export function multistep(
  schedule: Schedule,
  steps: number,
  step: (run: SampleRun) => (jump: Jump, x: Float32Array, x0: Float32Array) => Float32Array,
): Plan {
  const { jumps, ...start } = solverJumps(schedule, steps)
  return {
    ...start,
    sample: run => {
      const take = step(run)
      let before: Estimate | undefined
      return walk(run, jumps, (jump, x, x0) => {
        const target = lookAhead(jump, x0, before)
        before = { level: jump.from, x0 }
        return take(jump, x, target)
      })
    },
  }
}

/** What the plans of solvers in log(signal / noise) share. */
export function solverJumps(schedule: Schedule, steps: number): Omit<Plan, 'sample'> & { jumps: Jump[] } {
  const levels = solverLevels(schedule, steps)
  return { jumps: chain(levels), levels, initNoiseSigma: 1 }
}
