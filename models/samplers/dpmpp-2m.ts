import type { NoiseLevel, Sampler } from './sampler.ts'
import { roundHalfEven, type Schedule } from './schedule.ts'
import { chain, clean, combine, type Jump, karrasLevels, listed, move, preserving, walk } from './steps.ts'

/** DPM-Solver++ 2M (Lu et al. 2022, algorithm 2); diffusers' DPMSolverMultistepScheduler of order 2, midpoint. */
export const dpmpp2m: Sampler = {
  label: 'DPM++ 2M',
  plan(schedule, steps) {
    const levels = schedule.config.karras ? karrasLevels(schedule, steps) : spacedLevels(schedule, steps)
    const jumps = chain(levels)
    return {
      ...listed(jumps),
      sigmas: [...levels.map(noiseOverSignal), 0],
      initNoiseSigma: 1,
      sample: run => {
        let last: { level: NoiseLevel; x0: Float32Array } | undefined
        return walk(run, jumps, (jump, x, x0) => {
          const ahead = last ? lookAhead(last.level, jump) : 0
          const target = last && ahead > 0 ? combine([1 + ahead, x0], [-ahead, last.x0]) : x0
          last = { level: jump.from, x0 }
          return move(jump, x, target)
        })
      },
    }
  },
}

/** Share of the last change of x0 to go ahead by: half of this step over the last one, in log(signal / noise). */
function lookAhead(before: NoiseLevel, { from, to }: Jump): number {
  const lastStep = Math.log(noiseOverSignal(before) / noiseOverSignal(from))
  if (to === clean || lastStep === 0) return 0
  return Math.log(noiseOverSignal(from) / noiseOverSignal(to)) / lastStep / 2
}

/** Whole timesteps. The solver divides the range as if the clean end were a step too, except when trailing. */
function spacedLevels(schedule: Schedule, steps: number): NoiseLevel[] {
  const parts = schedule.config.spacing === 'trailing' ? steps : steps + 1
  return schedule
    .timesteps(steps, parts)
    .map(roundHalfEven)
    .map(timestep => preserving(timestep, schedule.sigmaAt(timestep)))
}

const noiseOverSignal = ({ alpha, sigma }: Jump['to']): number => sigma / alpha
