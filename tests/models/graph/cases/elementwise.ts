import fc from 'fast-check'
import { type Case, type Cases, type Dim, dimSizes, dims, f32Input, i64Input } from './case.ts'

type NoParams = Readonly<Record<string, never>>

/** Elements between low and high, one by one. */
const unary = (ulps: number, low: number, high: number): Cases<NoParams> => ({
  ulps,
  cases: fc
    .tuple(dims(0, 4), dimSizes)
    .map(([shape, sizes]) => ({ params: {}, inputs: [f32Input(shape, low, high)], sizes })),
})

/** One side of a broadcast: some leading axes left out, some others of size 1. */
const part = (shape: readonly Dim[]): fc.Arbitrary<Dim[]> =>
  fc
    .tuple(fc.nat(shape.length), fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }))
    .map(([first, ones]) => shape.map((dim, axis) => (ones[axis] ? 1 : dim)).slice(first))

/** With whole numbers too, or with a second side that is above `low`. */
const binary = ({ low }: { readonly low?: number } = {}): Cases<NoParams> => ({
  ulps: 2,
  cases: dims(0, 4).chain(shape =>
    fc
      .tuple(fc.oneof(fc.constant(shape), part(shape)), part(shape), fc.boolean(), fc.boolean(), dimSizes)
      .map(([a, b, swap, whole, sizes]): Case<NoParams> => {
        const make = whole && low === undefined ? i64Input : f32Input
        const [first, second] = swap ? [b, a] : [a, b]
        return { params: {}, inputs: [make(first), { ...make(second), ...(low !== undefined && { low }) }], sizes }
      }),
  ),
})

export const add = binary()
export const sub = binary()
export const mul = binary()
export const div = binary({ low: 0.25 })
/** Signals of any shape. */
export const after: Cases<NoParams> = {
  ulps: 0,
  cases: fc
    .tuple(dims(0, 4), fc.array(dims(0, 4), { minLength: 1, maxLength: 3 }), dimSizes)
    .map(([x, signals, sizes]) => ({ params: {}, inputs: [x, ...signals].map(each => f32Input(each)), sizes })),
}
export const sin = unary(2, -1000, 1000)
export const cos = unary(2, -1000, 1000)
export const sigmoid = unary(4, -100, 100)
export const gelu = unary(8, -6, 6)
export const erf = unary(4, -5, 5)
export const exp = unary(4, -9, 9)
export const log = unary(4, 1e-3, 9)
export const sqrt = unary(2, 1e-3, 9)
export const abs = unary(0, -2, 2)
export const sign = unary(0, -2, 2)
