import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { samplers } from '../../models/samplers/index.ts'
import { scaleInput, toX0 } from '../../models/samplers/prediction.ts'
import type { Denoise, Plan, Sampler } from '../../models/samplers/sampler.ts'
import {
  betaSchedules,
  curves,
  type PredictionType,
  Schedule,
  type ScheduleConfig,
  type Spacing,
  sd1Schedule,
} from '../../models/samplers/schedule.ts'
import { loadTensors, type Recorded } from '../support/safetensors.ts'
import { failed, judged, largestError, type ParityResult, skipped } from './result.ts'

interface Run {
  sampler: string
  prediction_type: PredictionType
  timestep_spacing: Spacing
  steps: number
  /** Image to image: the step that it begins with. */
  begin?: number
  prefix: string
}

interface Case {
  model: { formula: string; a: number; b: number; c: number; d: number }
  betas: string
  tolerance: { x: string; sigmas: string; timesteps: string }
  runs: Run[]
}

type Tensors = Map<string, Recorded>

const formula = 'f(x, t) = a*x*cos(t/b) + c*sin(d*x), x already through scale_model_input'

/** Compares timesteps, sigmas and the state after each step of every recorded run with what our samplers compute. */
export async function check(folder: string): Promise<ParityResult[]> {
  const made: Case = JSON.parse(await readFile(join(folder, 'case.json'), 'utf8'))
  if (made.model.formula !== formula) return [failed('model', `The formula is not known: ${made.model.formula}`)]
  const results: ParityResult[] = []
  for (const run of made.runs) {
    const sampler = samplerNamed(run.sampler)
    const name = `${run.sampler} ${run.prefix}`
    if (!sampler) {
      results.push(skipped(name, 'The studio does not have this sampler.'))
      continue
    }
    try {
      const start = await loadTensors(join(folder, 'start.expected.safetensors'))
      const expected = await loadTensors(join(folder, `${run.sampler}.expected.safetensors`))
      results.push(...(await compare(made, run, sampler, start, expected)))
    } catch (error) {
      results.push(failed(name, `It could not be compared: ${error}`))
    }
  }
  return results
}

/** Recorded names say the variants after the sampler: `ddim-zsnr`, `euler-karras`. */
const variants = ['zsnr', ...curves]

function samplerNamed(name: string): Sampler | undefined {
  const known: Readonly<Record<string, Sampler>> = samplers
  return known[name.replace(new RegExp(`(-(${variants.join('|')}))+$`), '')]
}

async function compare(made: Case, run: Run, sampler: Sampler, start: Tensors, expected: Tensors) {
  const plan = sampler.plan(new Schedule(configOf(made, run)), run.steps)
  const name = (part: string) => `${run.sampler} ${run.prefix} ${part}`
  const wanted = (part: string) => numbers(expected, `${run.prefix}.${part}`)

  const { states, timesteps } = await trajectory(made, run, plan, start)
  const told = wanted('timesteps')
  const exact = told.every(Number.isInteger)
  const results = [
    judged(name('timesteps'), largestError(timesteps, told), exact ? 0 : stated(made.tolerance.timesteps)),
  ]
  if (expected.has(`${run.prefix}.sigmas`)) {
    // Two calls at one level have it twice.
    const levels = wanted('sigmas').filter((sigma, i, all) => sigma !== all[i - 1])
    const sigmas = [...plan.levels.map(({ alpha, sigma }) => sigma / alpha), 0]
    results.push(judged(name('sigmas'), largestError(sigmas, levels, Math.abs), stated(made.tolerance.sigmas)))
  }
  const x = wanted('x')
  const size = numbers(start, 'start').length
  const errors = states.map((state, i) => {
    const slice = x.subarray(i * size, (i + 1) * size)
    const most = slice.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
    return largestError(state, slice, () => most)
  })
  const largest = states.length * size === x.length ? Math.max(...errors) : Infinity
  return [...results, judged(name('x'), largest, stated(made.tolerance.x))]
}

/** The start and the state after each call, with the case's formula for a network, and the timesteps it was told. */
async function trajectory({ model }: Case, run: Run, plan: Plan, start: Tensors) {
  const given = Float32Array.from(numbers(start, 'start'))
  const normals = numbers(start, 'noise')
  const timesteps: number[] = []
  let draws = 0
  const noise = () => Float32Array.from(normals.subarray(draws * given.length, ++draws * given.length))
  const x = run.begin ? noised(given, noise(), plan.levels[run.begin]) : given.map(value => value * plan.initNoiseSigma)
  const denoise: Denoise = async (state, level) => {
    timesteps.push(level.timestep)
    const scale = model.a * Math.cos(level.timestep / model.b)
    const output = scaleInput(state, level).map(value => scale * value + model.c * Math.sin(model.d * value))
    return toX0(output, state, level, run.prediction_type)
  }
  const states: Float32Array[] = [x]
  await plan.sample({
    x,
    denoise,
    noise,
    start: run.begin ?? 0,
    onStep: (_, state) => void states.push(state),
  })
  return { states, timesteps }
}

const noised = (x0: Float32Array, noise: Float32Array, { alpha, sigma } = { alpha: 1, sigma: 0 }): Float32Array =>
  x0.map((value, i) => alpha * value + sigma * (noise[i] as number))

/** The case says its betas in words: `scaled_linear, 0.00085 to 0.012, 1000 steps, steps_offset 1`. */
function configOf({ betas }: Case, run: Run): ScheduleConfig {
  const words = /^(\w+), ([\d.e-]+) to ([\d.e-]+), (\d+) steps, steps_offset (\d+)/.exec(betas)
  const betaSchedule = betaSchedules.find(schedule => schedule === words?.[1])
  if (!words || !betaSchedule) throw new Error(`its betas are not understood: ${betas}`)
  const [betaStart = 0, betaEnd = 0, trainTimesteps = 0, stepsOffset = 0] = words.slice(2).map(Number)
  return {
    ...sd1Schedule,
    betaStart,
    betaEnd,
    betaSchedule,
    trainTimesteps,
    stepsOffset,
    predictionType: run.prediction_type,
    spacing: run.timestep_spacing,
    rescaleBetasZeroSnr: run.sampler.includes('-zsnr'),
    curve: curves.find(curve => run.sampler.includes(`-${curve}`)),
  }
}

function numbers(tensors: Tensors, name: string): Float64Array {
  const data = tensors.get(name)?.data
  if (!data) throw new Error(`${name} is missing`)
  return Float64Array.from<number | bigint>(data, Number)
}

/** The number in a tolerance that is said in words: `rtol 1e-5`. */
function stated(tolerance: string): number {
  const [number] = /\d+(\.\d+)?e-\d+/.exec(tolerance) ?? []
  if (number === undefined) throw new Error(`a tolerance is not understood: ${tolerance}`)
  return Number(number)
}
