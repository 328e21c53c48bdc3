import { eulerJumps } from './euler.ts'
import type { Sampler } from './sampler.ts'
import { combine, type Jump, walk } from './steps.ts'

const order = 4

/**
 * The linear multistep method of Adams and Bashforth on uneven steps (Katherine Crowson's LMS); diffusers'
 * LMSDiscreteScheduler of order 4. A run that starts late begins with order 1: diffusers gives its few slopes the
 * weights of four, which do not add up.
 */
export const lms: Sampler = {
  label: 'LMS',
  plan(schedule, steps) {
    const { jumps, ...start } = eulerJumps(schedule, steps)
    return {
      ...start,
      sample: run => {
        let slopes: Slope[] = []
        return walk(run, jumps, (jump, x, x0) => {
          const { sigma } = jump.from
          const earlier = slopes.filter(slope => slope.sigma !== sigma)
          slopes = [{ sigma, values: combine([1 / sigma, x], [-1 / sigma, x0]) }, ...earlier].slice(0, order)
          return combine([1, x], ...slopes.map(slope => [weight(slope, slopes, jump), slope.values] as const))
        })
      },
    }
  },
}

/** dx / dsigma of the probability-flow ODE at a level. */
interface Slope {
  readonly sigma: number
  readonly values: Float32Array
}

/** A slope's share in the jump: the integral of its Lagrange polynomial; two points of Gauss are exact for a cubic. */
function weight(of: Slope, slopes: readonly Slope[], { from, to }: Jump): number {
  const others = slopes.filter(slope => slope !== of)
  const lagrange = (sigma: number) =>
    others.reduce((product, other) => (product * (sigma - other.sigma)) / (of.sigma - other.sigma), 1)
  const [middle, half] = [(to.sigma + from.sigma) / 2, (to.sigma - from.sigma) / 2]
  const offset = half / Math.sqrt(3)
  return half * (lagrange(middle - offset) + lagrange(middle + offset))
}
