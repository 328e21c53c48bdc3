import { solverJumps } from './dpmpp-2m.ts'
import type { Sampler } from './sampler.ts'
import { combine, type Estimate, type Jump, logStep, lookAhead, move, walk } from './steps.ts'

/**
 * UniPC of order 2 with B(h) = e^h - 1 (Zhao et al. 2023); diffusers' UniPCMultistepScheduler as it comes. Predicts as
 * DPM++ 2M does, and corrects each step once the network has been asked where it led: that takes no call of its own.
 */
export const uniPc: Sampler = {
  label: 'UniPC',
  plan(schedule, steps) {
    const { jumps, ...start } = solverJumps(schedule, steps)
    return {
      ...start,
      sample: run => {
        let last: Taken | undefined
        let before: Taken | undefined
        return walk(run, jumps, (jump, predicted, x0) => {
          const x = last ? corrected(last, x0, before) : predicted
          before = last
          last = { level: jump.from, jump, x, x0 }
          return move(jump, x, lookAhead(jump, x0, before))
        })
      },
    }
  },
}

/** A step that was taken from x. */
interface Taken extends Estimate {
  readonly jump: Jump
  readonly x: Float32Array
}

/** The end of a step, taken anew with x0 as the network saw it at the end (equations 9 and 10, UniC). */
function corrected(step: Taken, x0AtEnd: Float32Array, before: Taken | undefined): Float32Array {
  const { jump, x, x0 } = step
  const h = logStep(jump)
  if (h === 0) return move(jump, x, x0AtEnd)
  const stepBefore = before ? logStep(before.jump) : 0
  const [atStart, atEnd] = stepBefore > 0 ? weights(h, -stepBefore / h) : [0, 0.5]
  // D1 of the paper: the change of x0 before this step, as long as this step.
  const change = before && stepBefore > 0 ? (-atStart * h) / stepBefore : 0
  return move(jump, x, combine([1 - atEnd - change, x0], [atEnd, x0AtEnd], [change, before?.x0 ?? x0]))
}

/**
 * The weights of the changes since the step before and until the step's end (rho of the paper), for a step of length h
 * in log(signal / noise) and the step before at -r h: they make the step exact for an x0 that is a parabola in it.
 */
function weights(h: number, r: number): [atStart: number, atEnd: number] {
  const phi1 = Math.expm1(-h)
  const phi2 = -phi1 / h - 1
  const phi3 = -phi2 / h - 0.5
  const [b1, b2] = [phi2 / phi1, (2 * phi3) / phi1]
  const atStart = (b1 - b2) / (1 - r)
  return [atStart, b1 - atStart]
}
