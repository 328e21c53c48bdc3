import fc from 'fast-check'
import { expect, test } from 'vitest'
import { UserError } from '../../../models/errors.ts'
import { curveSigmas } from '../../../models/samplers/curves.ts'
import { curves, roundHalfEven, Schedule, sd1Schedule, spacings } from '../../../models/samplers/schedule.ts'

const sd1 = new Schedule(sd1Schedule)
const zeroSnr = new Schedule({ ...sd1Schedule, rescaleBetasZeroSnr: true })

test('signal left at the ends of training is what the papers have', () => {
  const ddpm = new Schedule({ ...sd1Schedule, betaSchedule: 'linear', betaStart: 0.0001, betaEnd: 0.02 })
  expect(ddpm.alphasCumprod[999]).toBeCloseTo(4.0358e-5, 9)
  expect(sd1.alphasCumprod[999]).toBeCloseTo(0.0046602, 6)
  expect(sd1.alphasCumprod[0]).toBe(Math.fround(1 - Math.fround(0.00085)))
  const cosine = new Schedule({ ...sd1Schedule, betaSchedule: 'squaredcos_cap_v2' })
  const signal = (t: number) => Math.cos((((t + 0.008) / 1.008) * Math.PI) / 2) ** 2
  for (const i of [0, 10, 499, 900]) {
    expect(cosine.alphasCumprod[i]).toBeCloseTo(signal((i + 1) / 1000) / signal(0), 5)
  }
})

test('zero terminal SNR leaves no signal at the end and keeps the first level', () => {
  expect(zeroSnr.alphasCumprod[999]).toBe(0)
  expect(zeroSnr.alphasCumprod[0]).toBeCloseTo(sd1.alphasCumprod[0] as number, 6)
  expect(zeroSnr.sigmas[999]).toBeCloseTo(4096, 3)
  const root = (schedule: Schedule, i: number) => Math.sqrt(schedule.alphasCumprod[i] as number)
  const stretch = root(sd1, 0) / (root(sd1, 0) - root(sd1, 999))
  expect(root(zeroSnr, 500)).toBeCloseTo((root(sd1, 500) - root(sd1, 999)) * stretch, 5)
})

test('sigmas rise, and timestepOf undoes sigmaAt', () => {
  expect(sd1.sigmas.every((sigma, i) => i === 0 || sigma > (sd1.sigmas[i - 1] as number))).toBe(true)
  fc.assert(
    fc.property(fc.constantFrom(sd1, zeroSnr), fc.integer({ min: 0, max: 999 }), (schedule, timestep) => {
      expect(schedule.timestepOf(schedule.sigmaAt(timestep))).toBeCloseTo(timestep, 2)
    }),
  )
  expect(sd1.timestepOf(100)).toBe(999)
  expect(sd1.timestepOf(0.001)).toBe(0)
})

test('timesteps fall within the training range, as many as asked for', () => {
  fc.assert(
    fc.property(fc.constantFrom(...spacings), fc.integer({ min: 1, max: 999 }), (spacing, steps) => {
      const timesteps = new Schedule({ ...sd1Schedule, spacing }).timesteps(steps)
      expect(timesteps).toHaveLength(steps)
      expect(timesteps.every((t, i) => t >= 0 && t <= 999 && (i === 0 || t < (timesteps[i - 1] as number)))).toBe(true)
    }),
    {
      numRuns: 30,
      examples: [
        ['trailing', 61],
        ['trailing', 1],
        ['linspace', 1],
        ['leading', 999],
      ],
    },
  )
  expect(sd1.timesteps(1000).slice(0, 3)).toEqual([999, 999, 998]) // the offset may not lead out of the range
  expect(new Schedule({ ...sd1Schedule, spacing: 'leading' }).timesteps(4)).toEqual([751, 501, 251, 1])
  expect(new Schedule({ ...sd1Schedule, spacing: 'linspace' }).timesteps(4)).toEqual([999, 666, 333, 0])
  expect(new Schedule({ ...sd1Schedule, spacing: 'trailing' }).timesteps(4)).toEqual([999, 749, 499, 249])
})

test.each([0, -1, 2.5, 1001, Number.NaN])('%d steps are refused', steps => {
  expect(() => sd1.timesteps(steps)).toThrow(UserError)
})

test('halves round to the even neighbour', () => {
  expect([0.5, 1.5, 2.5, 2.4, 2.6, 937.5].map(roundHalfEven)).toEqual([0, 2, 2, 2, 3, 938])
})

test.each(curves)('the curve %s falls from the first level to the last', curve => {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 60 }), count => {
      const sigmas = curveSigmas(curve, 14.6, 0.03, count)
      expect(sigmas).toHaveLength(count)
      expect(sigmas[0]).toBeCloseTo(14.6, 10)
      expect(sigmas.at(-1)).toBeCloseTo(0.03, 10)
      expect(sigmas.every((sigma, i) => i === 0 || sigma < (sigmas[i - 1] as number))).toBe(true)
    }),
  )
  expect(curveSigmas(curve, 14.6, 0.03, 1)[0]).toBeCloseTo(14.6, 10)
})

test('the curve beta has the quantiles that scipy.stats.beta(0.6, 0.6) gives', () => {
  const sigmas = curveSigmas('beta', 1, 0, 101)
  const quantiles = [99, 90, 75, 50, 20].map(i => sigmas[i] as number)
  for (const [i, want] of [0.000861239, 0.039584406, 0.175680379, 0.5, 0.87707825].entries())
    expect(quantiles[i]).toBeCloseTo(want, 8)
})
