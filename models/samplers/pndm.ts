import { ddimJumps, strideOf } from './ddim.ts'
import { clean, trainedLevel } from './levels.ts'
import { toOutput, toX0 } from './prediction.ts'
import type { SampleRun, Sampler } from './sampler.ts'
import type { Schedule } from './schedule.ts'
import { combine, type Jump, move } from './steps.ts'

/**
 * Pseudo linear multistep, what Stable Diffusion 1.x was published with (Liu et al. 2022, PNDM, without its
 * Runge-Kutta steps); diffusers' PNDMScheduler with skip_prk_steps. One call more than steps: the first step is taken
 * twice, the second time by the mean of the slopes at its ends. A later start does so too: diffusers takes its second
 * step for the first one's repetition there, and ends with noise left.
 */
export const pndm: Sampler = {
  label: 'PLMS',
  plan(schedule, steps) {
    const taken = stepsOf(schedule, steps)
    // What the network says is averaged in its own terms; a network that says x0 is taken to say the noise.
    const type = schedule.config.predictionType === 'v_prediction' ? 'v_prediction' : 'epsilon'
    return {
      levels: taken.map(({ jump }) => jump.from),
      initNoiseSigma: 1,
      sample: run => sample(run, taken, type),
    }
  },
}

interface Step {
  /** From the level that the network is asked at. */
  readonly jump: Jump
  /** The step before, which leads to that level. */
  readonly again: Jump
}

function stepsOf(schedule: Schedule, steps: number): Step[] {
  const jumps = ddimJumps(schedule, steps)
  const stride = strideOf(schedule, steps)
  const { trainTimesteps, curve } = schedule.config
  return jumps.map((jump, i) => {
    const before = curve
      ? (jumps[i - 1]?.from ?? jump.from)
      : trainedLevel(schedule, Math.min(jump.from.timestep + stride, trainTimesteps - 1))
    return { jump, again: { from: before, to: jump.from } }
  })
}

/** Weights of the newest output and those before it: Adams and Bashforth on even steps, of order 1 to 4. */
const weights = [[1], [3 / 2, -1 / 2], [23 / 12, -16 / 12, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -9 / 24]] as const

async function sample(run: SampleRun, steps: readonly Step[], type: 'epsilon' | 'v_prediction'): Promise<Float32Array> {
  const start = run.start ?? 0
  let { x } = run
  let before = x
  let outputs: Float32Array[] = []
  const [first, ...rest] = steps.slice(start)
  const calls = first ? [first, ...rest.slice(0, 1), ...rest] : []
  for (const [count, { jump, again }] of calls.entries()) {
    const output = toOutput(await run.denoise(x, jump.from), x, jump.from, type)
    if (count === 1) {
      const mean = combine([0.5, output], ...outputs.map(first => [0.5, first] as const))
      x = move(again, before, toX0(mean, before, again.from, type))
    } else {
      outputs = [output, ...outputs].slice(0, weights.length)
      const along = combine(...outputs.map((past, i) => [weights[outputs.length - 1]?.[i] ?? 0, past] as const))
      before = x
      x = move(jump, x, toX0(along, x, jump.from, type))
    }
    x = run.hold?.(x, calls[count + 1]?.jump.from ?? clean) ?? x
    // The first two calls make one step.
    await run.onStep?.(start + Math.max(count - 1, 0), x)
  }
  return x
}
