import fc from 'fast-check'
import type { Dtype } from '../../../../models/tensor/dtype.ts'

/** A size, or the name of a free one. */
export type Dim = number | string

/** What stands for each free size. */
export type Sizes = Readonly<Record<string, number>>

export interface CaseInput {
  readonly dtype: Dtype
  readonly dims: readonly Dim[]
  /** Elements lie in low..high; i64 ones are whole. */
  readonly low: number
  readonly high: number
  /** Neighbours differ by a fifth of the range at least, so that no variance is close to zero. */
  readonly spread?: boolean
}

/** One valid application of an op, at two settings of its free sizes. */
export interface Case<P> {
  readonly params: P
  readonly inputs: readonly CaseInput[]
  readonly sizes: readonly [Sizes, Sizes]
}

/** How an op is tried. */
export interface Cases<P> {
  /** How many f32 roundings of the largest result an element may be off; 0 where nothing is computed. */
  readonly ulps: number
  readonly cases: fc.Arbitrary<Case<P>>
}

export const int = (min: number, max: number) => fc.integer({ min, max })

export const f32Input = (dims: readonly Dim[], low = -2, high = 2): CaseInput => ({ dtype: 'f32', dims, low, high })
export const i64Input = (dims: readonly Dim[], low = -9, high = 9): CaseInput => ({ dtype: 'i64', dims, low, high })

/** Either type, for ops that only move elements. */
export const anyInput = (dims: readonly Dim[]): fc.Arbitrary<CaseInput> =>
  fc.constantFrom(f32Input(dims), i64Input(dims))

/** Two settings of the named sizes. */
export function twoSizes(names: readonly string[], min = 1, max = 6): fc.Arbitrary<[Sizes, Sizes]> {
  const one = fc.record(Object.fromEntries(names.map(name => [name, int(min, max)])))
  return fc.tuple(one, one)
}

/** A shape of which some axes are free: axis 2 under the name `d2`. */
export const dims = (minRank: number, maxRank: number): fc.Arbitrary<Dim[]> =>
  fc
    .array(fc.oneof(int(1, 5), fc.constant('free')), { minLength: minRank, maxLength: maxRank })
    .map(shape => shape.map((dim, axis) => (dim === 'free' ? `d${axis}` : dim)))

/** Settings for what `dims` makes. */
export const dimSizes = twoSizes(['d0', 'd1', 'd2', 'd3', 'd4'])
