import { trainedLevel } from './levels.ts'
import type { Plan } from './sampler.ts'
import type { Schedule } from './schedule.ts'
import { chain, type Jump } from './steps.ts'

/**
 * What the plans of LCM and TCD share: their timesteps are taken evenly among those that the model was distilled on,
 * whatever spacing or curve is asked for; more steps than that are taken among all of training.
 */
export function distilledJumps(schedule: Schedule, steps: number): Omit<Plan, 'sample'> & { jumps: Jump[] } {
  const levels = timesteps(schedule, steps).map(timestep => trainedLevel(schedule, timestep))
  return { jumps: chain(levels), levels, initNoiseSigma: 1 }
}

function timesteps(schedule: Schedule, steps: number): number[] {
  schedule.requireSteps(steps)
  const { trainTimesteps, distilledSteps } = schedule.config
  const distilled = steps <= distilledSteps ? Math.min(distilledSteps, trainTimesteps) : trainTimesteps
  const stride = Math.floor(trainTimesteps / distilled)
  const skipped = Array.from({ length: steps }, (_, i) => Math.floor(i * (distilled / steps)))
  return skipped.map(count => (distilled - count) * stride - 1)
}
