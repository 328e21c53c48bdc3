import { multistep } from './dpmpp-2m.ts'
import type { Sampler } from './sampler.ts'
import { stray } from './steps.ts'

/**
 * SDE-DPM-Solver++ 2M (Lu et al. 2022); diffusers' DPMSolverMultistepScheduler of order 2, midpoint, sde-dpmsolver++.
 * Draws noise on each step, the last included, where it has no weight.
 */
export const dpmpp2mSde: Sampler = {
  label: 'DPM++ 2M SDE',
  plan: (schedule, steps) =>
    multistep(schedule, steps, run => (jump, x, target) => stray(jump, x, target, run.noise())),
}
