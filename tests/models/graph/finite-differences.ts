import { expect } from 'vitest'
import { gradients } from '../../../models/graph/gradient.ts'
import { cast } from '../../../models/graph/ops/cast.ts'
import { mul } from '../../../models/graph/ops/mul.ts'
import { reshape } from '../../../models/graph/ops/reshape.ts'
import { sum } from '../../../models/graph/ops/sum.ts'
import { constant, type Value } from '../../../models/graph/value.ts'
import { randomTensor } from './numbers.ts'
import { evaluate } from './reference/evaluate.ts'
import type { Nd } from './reference/nd.ts'

/** A scalar that depends on each element of y in another way. */
export function lossOf(y: Value): Value {
  const parts = reshape(mul(cast(y, 'f32'), constant(randomTensor(1, y.shape))), [-1])
  return sum(parts, [0])
}

const step = 1e-5

/**
 * Expects each gradient to agree with the loss's central differences in random directions, all computed in doubles by
 * the reference. `given` says the numbers of an input or a weight.
 */
export function expectGradients(loss: Value, wrt: readonly Value[], given: (value: Value) => Nd): void {
  const got = evaluate(gradients(loss, wrt), given)
  for (const [i, value] of wrt.entries()) {
    const { shape, data } = given(value)
    const gradient = got[i] as Nd
    expect(gradient.shape, `shape of gradient ${i}`).toEqual(shape)
    for (const seed of [1, 2, 3]) {
      const direction = randomTensor(seed, shape).data as Float32Array
      const moved = (by: number): number => {
        const near = { shape, data: data.map((x, place) => x + by * (direction[place] as number)) }
        return evaluate([loss], each => (each === value ? near : given(each)))[0]?.data[0] as number
      }
      const want = (moved(step) - moved(-step)) / (2 * step)
      const along = [...gradient.data].map((x, place) => x * (direction[place] as number))
      const slope = along.reduce((sum, x) => sum + x, 0)
      const size = along.reduce((sum, x) => sum + Math.abs(x), Math.abs(want))
      expect(Math.abs(slope - want) / Math.max(1, size), `error of gradient ${i}`).toBeLessThan(1e-6)
    }
  }
}
