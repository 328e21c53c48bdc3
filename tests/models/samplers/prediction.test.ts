import fc from 'fast-check'
import { expect, test } from 'vitest'
import { scaleInput, toX0 } from '../../../models/samplers/prediction.ts'
import type { PredictionType } from '../../../models/samplers/schedule.ts'

const number = fc.double({ min: -3, max: 3, noNaN: true })
const levels = fc.record({
  timestep: fc.constant(500),
  alpha: fc.double({ min: 0.05, max: 1, noNaN: true }),
  sigma: fc.double({ min: 0.02, max: 15, noNaN: true }),
})

test('the output of a perfect network is turned into x0, at levels that preserve variance and at others', () => {
  fc.assert(
    fc.property(levels, number, number, (level, x0, noise) => {
      const x = Float32Array.of(level.alpha * x0 + level.sigma * noise)
      const norm = Math.hypot(level.alpha, level.sigma)
      const outputs: Record<PredictionType, number> = {
        epsilon: noise,
        v_prediction: (level.alpha * noise - level.sigma * x0) / norm,
        sample: x0,
      }
      for (const [type, output] of Object.entries(outputs) as [PredictionType, number][]) {
        const [got] = toX0(Float32Array.of(output), x, level, type)
        expect(Math.abs((got as number) - x0)).toBeLessThan((1e-5 * norm) / level.alpha)
      }
    }),
  )
})

test('networks see unit variance', () => {
  expect(scaleInput(Float32Array.of(10), { timestep: 0, alpha: 3, sigma: 4 })).toEqual(Float32Array.of(2))
  const x = Float32Array.of(0.1, -2, 3)
  expect(scaleInput(x, { timestep: 0, alpha: 0.6, sigma: 0.8 })).toEqual(x)
})

test('where no signal is left, velocity still says x0 and noise says nothing', () => {
  const level = { timestep: 999, alpha: 0, sigma: 1 }
  expect(toX0(Float32Array.of(-0.5), Float32Array.of(2), level, 'v_prediction')).toEqual(Float32Array.of(0.5))
  expect(toX0(Float32Array.of(1.5), Float32Array.of(2), level, 'epsilon')).toEqual(Float32Array.of(0))
})
