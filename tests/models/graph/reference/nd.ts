import type { Tensor } from '../../../../models/tensor/tensor.ts'

/** An array of doubles, row-major: what the naive evaluator computes with, whatever the value's own number type. */
export interface Nd {
  readonly shape: readonly number[]
  readonly data: Float64Array
}

/** An array of which each element is a function of its index. */
export function build(shape: readonly number[], element: (index: readonly number[]) => number): Nd {
  const size = shape.reduce((a, b) => a * b, 1)
  const data = Float64Array.from({ length: size }, (_, flat) => {
    const index: number[] = []
    let rest = flat
    for (const n of shape.toReversed()) {
      index.unshift(rest % n)
      rest = Math.floor(rest / n)
    }
    return element(index)
  })
  return { shape, data }
}

/** The element at an index. */
export function at(x: Nd, index: readonly number[]): number {
  const flat = index.reduce((sum, i, axis) => sum * (x.shape[axis] as number) + i, 0)
  return x.data[flat] as number
}

/** The element at an index of a shape that x is broadcast to. */
export function atBroadcast(x: Nd, index: readonly number[]): number {
  const own = index.slice(index.length - x.shape.length)
  return at(
    x,
    own.map((i, axis) => (x.shape[axis] === 1 ? 0 : i)),
  )
}

/** The sum of `term` over 0..count. */
export function sum(count: number, term: (i: number) => number): number {
  let total = 0
  for (let i = 0; i < count; i++) total += term(i)
  return total
}

/** Each element on its own. */
export const map = (x: Nd, f: (value: number) => number): Nd => ({ shape: x.shape, data: x.data.map(f) })

export const toNd = ({ shape, data }: Tensor): Nd => ({ shape, data: Float64Array.from(data, Number) })
