import { expect } from 'vitest'
import type { Dtype } from '../../../models/tensor/dtype.ts'
import { f32, i64, type Tensor } from '../../../models/tensor/tensor.ts'
import { roundTo } from './reference/cast.ts'
import { type Nd, toNd } from './reference/nd.ts'

/** The distance from 1 to the next f32. */
const epsilon = 2 ** -23

interface Range {
  readonly dtype: Dtype
  readonly low: number
  readonly high: number
  readonly spread: boolean
}

/** The same numbers in low..high for the same seed (mulberry32), each one that `dtype` can hold. */
export function randomTensor(
  seed: number,
  shape: readonly number[],
  { dtype = 'f32', low = -1, high = 1, spread = false }: Partial<Range> = {},
): Tensor {
  let state = seed
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
  const length = shape.reduce((a, b) => a * b, 1)
  if (dtype === 'i64') {
    const whole = () => Math.floor(low + uniform() * (high - low + 1))
    return i64(Array.from({ length }, whole), shape)
  }
  const round = roundTo(dtype)
  const place = spread ? (i: number) => 0.4 * uniform() + 0.6 * (i % 2) : uniform
  return f32(
    Float32Array.from({ length }, (_, i) => round(low + place(i) * (high - low))),
    shape,
  )
}

/** Expects the shape and, within some roundings of the largest number, every element of the reference. */
export function expectNear(got: Tensor | undefined, want: Nd, ulps: number, what = ''): void {
  if (!got) throw new Error(`${what}: no result`)
  expect(got.shape, `${what}: shape`).toEqual(want.shape)
  const largest = want.data.reduce((most, x) => Math.max(most, Math.abs(x)), 1)
  const { data } = toNd(got)
  const worst = data.reduce((most, x, i) => {
    const error = Math.abs(x - (want.data[i] as number))
    return error <= most ? most : error
  }, 0)
  expect(worst / (largest * epsilon), `${what}: error in roundings`).toBeLessThanOrEqual(ulps)
}
