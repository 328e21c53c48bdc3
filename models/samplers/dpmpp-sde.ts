import { eulerJumps } from './euler.ts'
import { clean } from './levels.ts'
import type { Sampler } from './sampler.ts'
import { move, type SecondCall, stray, walk } from './steps.ts'

/**
 * DPM-Solver++ (2S) of the SDE: an ancestral step by what the network says at its middle, in log(signal / noise)
 * (Lu et al. 2022, with Katherine Crowson's noise); diffusers' DPMSolverSDEScheduler. Two calls and two draws of the
 * picture's own generator a step, except for the last, which takes one call and draws none.
 */
export const dpmppSde: Sampler = {
  label: 'DPM++ SDE',
  plan(schedule, steps) {
    const middle: SecondCall['level'] = ({ from, to }) => {
      const sigma = Math.sqrt(from.sigma * to.sigma)
      return { timestep: schedule.timestepOf(sigma), alpha: 1, sigma }
    }
    const { jumps, ...start } = eulerJumps(schedule, steps)
    return {
      ...start,
      sample: run =>
        walk(
          run,
          jumps,
          (jump, x, x0) =>
            jump.to === clean ? move(jump, x, x0) : stray({ ...jump, to: middle(jump) }, x, x0, run.noise()),
          { level: middle, step: (jump, x, _, x0) => stray(jump, x, x0, run.noise()) },
        ),
    }
  },
}
