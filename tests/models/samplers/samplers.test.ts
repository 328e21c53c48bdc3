import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../../../models/errors.ts'
import { type SamplerName, samplers } from '../../../models/samplers/index.ts'
import { scaleInput, toX0 } from '../../../models/samplers/prediction.ts'
import type { Denoise, Plan } from '../../../models/samplers/sampler.ts'
import { curves, Schedule, type ScheduleConfig, sd1Schedule, spacings } from '../../../models/samplers/schedule.ts'
import { Generator } from '../../../models/tensor/random.ts'

const size = 16
const names = fc.constantFrom(...(Object.keys(samplers) as SamplerName[]))
const stepCounts = fc.integer({ min: 1, max: 50 })
const configs: fc.Arbitrary<ScheduleConfig> = fc.record({
  ...(Object.fromEntries(Object.entries(sd1Schedule).map(([key, value]) => [key, fc.constant(value)])) as {
    [K in keyof ScheduleConfig]: fc.Arbitrary<ScheduleConfig[K]>
  }),
  spacing: fc.constantFrom(...spacings),
  predictionType: fc.constantFrom('epsilon', 'v_prediction'),
  rescaleBetasZeroSnr: fc.boolean(),
  setAlphaToOne: fc.boolean(),
  curve: fc.constantFrom(undefined, ...curves),
})

function planOf(name: SamplerName, config: ScheduleConfig, steps: number): Plan {
  return samplers[name].plan(new Schedule(config), steps)
}

/** Runs a plan from seeded noise around x0 at the level of its start. */
async function paint(plan: Plan, denoise: Denoise, start = 0, x0 = 0) {
  const generator = new Generator(7)
  const { alpha, sigma } = plan.levels[start] ?? { alpha: 1, sigma: 0 }
  const x = generator.normals(size).map(noise => alpha * x0 + sigma * noise)
  const states: [number, Float32Array][] = []
  const noise = () => generator.normals(size)
  const last = await plan.sample({ x, denoise, noise, start, onStep: (i, state) => void states.push([i, state]) })
  return { last, states }
}

/** Whose steps have the same length, wherever the spacing puts the timesteps. */
const steady: readonly SamplerName[] = ['ddim', 'pndm']

test('a denoiser that knows the picture is followed to it, from any start', async () => {
  await fc.assert(
    fc.asyncProperty(names, configs, stepCounts, fc.nat(49), async (name, config, steps, from) => {
      // diffusers' DDIM falls out of step with linspace, where the last timestep is 0: only a clean end mends it.
      fc.pre(!steady.includes(name) || config.spacing !== 'linspace' || config.setAlphaToOne)
      // PLMS averages what the network says, which is the same at every level for the noise alone.
      // On linspace it averages over levels that it has stepped past, as diffusers does.
      const { predictionType, rescaleBetasZeroSnr, spacing } = config
      fc.pre(name !== 'pndm' || (predictionType === 'epsilon' && !rescaleBetasZeroSnr && spacing !== 'linspace'))
      const plan = planOf(name, config, steps)
      const x0 = 0.75
      const { last } = await paint(plan, async x => x.map(() => x0), from % steps, x0)
      // Some may end at training step 0, which still has 3% of noise.
      // What else is left is f32's rounding of the noise that it began with: sigma is 4,096 where the SNR is zero.
      const rounding = 2 ** -22 * (plan.levels[from % steps]?.sigma ?? 0)
      const close = steady.includes(name) || name === 'tcd' ? 0.15 : 1e-5 + rounding
      for (const value of last) expect(Math.abs(value - x0)).toBeLessThan(close)
    }),
    { numRuns: 300 },
  )
})

test('states stay finite with networks that predict noise or velocity', async () => {
  await fc.assert(
    fc.asyncProperty(names, configs, stepCounts, async (name, config, steps) => {
      const denoise: Denoise = async (x, level) => {
        const output = scaleInput(x, level).map(value => Math.tanh(value + level.timestep / 1000))
        return toX0(output, x, level, config.predictionType)
      }
      const plan = planOf(name, config, steps)
      expect(plan.levels).toHaveLength(steps)
      for (const [, state] of (await paint(plan, denoise)).states) expect(state.every(Number.isFinite)).toBe(true)
    }),
    { numRuns: 200, examples: examplesOf([1, 1000]) },
  )
})

/** Every sampler at these numbers of steps, with and without the extremes. */
function examplesOf(counts: number[]): [SamplerName, ScheduleConfig, number][] {
  return (Object.keys(samplers) as SamplerName[]).flatMap(name =>
    spacings.flatMap(spacing =>
      counts.flatMap(steps =>
        [false, true].map((extreme): [SamplerName, ScheduleConfig, number] => [
          name,
          { ...sd1Schedule, spacing, rescaleBetasZeroSnr: extreme, curve: extreme ? 'karras' : undefined },
          steps,
        ]),
      ),
    ),
  )
}

test('each call is reported with its step, and the last state is the picture', async () => {
  const reported: Partial<Record<SamplerName, number[]>> = {
    heun: [2, 2, 3, 3, 4, 4, 5],
    'dpmpp-sde': [2, 2, 3, 3, 4, 4, 5],
    pndm: [2, 2, 3, 4, 5],
  }
  for (const name of Object.keys(samplers) as SamplerName[]) {
    let calls = 0
    const counted: Denoise = async x => {
      calls++
      return x
    }
    const { last, states } = await paint(planOf(name, sd1Schedule, 6), counted, 2)
    expect([name, states.map(([i]) => i)]).toEqual([name, reported[name] ?? [2, 3, 4, 5]])
    expect(calls).toBe(states.length)
    expect(states.at(-1)?.[1]).toBe(last)
  }
})

test('a start behind the last step takes none', async () => {
  for (const name of Object.keys(samplers) as SamplerName[]) {
    const { states } = await paint(planOf(name, sd1Schedule, 6), async x => x, 6)
    expect([name, states]).toEqual([name, []])
  }
})

test('a later start goes on where a whole run was', async () => {
  const denoise: Denoise = async (x, { timestep }) => x.map(value => value * Math.cos(timestep))
  for (const name of ['euler', 'heun', 'ddim'] as const) {
    const plan = planOf(name, sd1Schedule, 6)
    const { last, states } = await paint(plan, denoise)
    const x = states.findLast(([step]) => step === 2)?.[1] as Float32Array
    expect(await plan.sample({ x, denoise, start: 3, noise: () => new Float32Array(size) })).toEqual(last)
  }
})

test('one plan can be sampled at the same time for several pictures', async () => {
  const denoise: Denoise = async (x, { timestep }) => x.map(value => value * Math.cos(timestep))
  for (const name of Object.keys(samplers) as SamplerName[]) {
    const plan = planOf(name, sd1Schedule, 6)
    const [first, second] = await Promise.all([paint(plan, denoise), paint(plan, denoise)])
    expect(first).toEqual(second)
    expect(first).toEqual(await paint(plan, denoise))
  }
})

test('samplers draw as much noise as those of diffusers do, and most of them none', async () => {
  const drawn: Partial<Record<SamplerName, number>> = {
    'euler-a': 5,
    'dpmpp-2m-sde': 5,
    'dpmpp-sde': 8,
    lcm: 4,
    tcd: 4,
  }
  for (const name of Object.keys(samplers) as SamplerName[]) {
    let draws = 0
    await planOf(name, sd1Schedule, 5).sample({
      x: new Float32Array(size),
      denoise: async x => x,
      noise: () => {
        draws++
        return new Float32Array(size)
      },
    })
    expect([name, draws]).toEqual([name, drawn[name] ?? 0])
  }
})

test('the Euler family starts from all of the noise that diffusers gives it', () => {
  const first = (config: Partial<ScheduleConfig>) => planOf('euler', { ...sd1Schedule, ...config }, 20)
  const zeroSnr = { rescaleBetasZeroSnr: true, spacing: 'trailing' } as const
  expect(first(zeroSnr).initNoiseSigma).toBeCloseTo(4096, 3)
  expect(first({ spacing: 'trailing' }).initNoiseSigma).toBeCloseTo(14.614646911621094, 5)
  expect(first({}).initNoiseSigma).toBeCloseTo(11.073580741882324, 5)
})

test.each(curves)('levels of DDIM and DPM++ on the curve %s span the training range', curve => {
  for (const name of ['ddim', 'dpmpp-2m'] as const) {
    const timesteps = planOf(name, { ...sd1Schedule, curve }, 8).levels.map(({ timestep }) => timestep)
    // diffusers cuts the timesteps of other curves to whole ones.
    expect(timesteps[0]).toBeGreaterThanOrEqual(curve === 'karras' ? 999 : 998)
    expect(timesteps.at(-1)).toBe(0)
    expect(timesteps.every(Number.isInteger)).toBe(true)
  }
})

test('DDIM ends at training step 0 where its stride leads exactly there, though the schedule ends clean', async () => {
  const config: ScheduleConfig = { ...sd1Schedule, spacing: 'trailing', setAlphaToOne: true }
  const black: Denoise = async x => new Float32Array(x.length)
  const { last } = await paint(planOf('ddim', config, 7), black) // 142 - 142
  expect(last.every(value => value !== 0)).toBe(true)
  expect((await paint(planOf('ddim', config, 8), black)).last).toEqual(new Float32Array(size)) // 124 - 125
})

test('LCM and TCD take their steps among those that they were distilled on, and more of them among all', () => {
  const timesteps = (steps: number, config: Partial<ScheduleConfig> = {}) =>
    planOf('lcm', { ...sd1Schedule, ...config }, steps).levels.map(({ timestep }) => timestep)
  expect(timesteps(4)).toEqual([999, 759, 499, 259])
  expect(timesteps(4, { distilledSteps: 10 })).toEqual([999, 799, 499, 299])
  expect(timesteps(60)).toHaveLength(60)
  expect(new Set(timesteps(1000)).size).toBe(1000)
  expect(() => timesteps(31, { trainTimesteps: 30 })).toThrow(UserError)
})
