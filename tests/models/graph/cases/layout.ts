import fc from 'fast-check'
import type { Dtype } from '../../../../models/tensor/dtype.ts'
import { anyInput, type Case, type Cases, type Dim, dimSizes, dims, f32Input, i64Input, int, twoSizes } from './case.ts'

export const cast: Cases<{ readonly dtype: Dtype }> = {
  ulps: 0,
  cases: fc
    .record({
      from: fc.constantFrom<Dtype>('f32', 'f16', 'bf16', 'i64'),
      to: fc.constantFrom<Dtype>('f32', 'f16', 'bf16', 'i64', 'f64'),
      shape: dims(0, 4),
      sizes: dimSizes,
    })
    .map(({ from, to, shape, sizes }) => ({
      params: { dtype: to },
      inputs: [{ dtype: from, dims: shape, low: -999, high: 999 }],
      sizes,
    })),
}

export const concat: Cases<{ readonly axis: number }> = {
  ulps: 0,
  cases: dims(1, 4).chain(shape =>
    fc
      .record({
        axis: fc.nat(shape.length - 1),
        parts: fc.array(fc.oneof(int(1, 4), fc.constantFrom('p', 'q')), { minLength: 1, maxLength: 4 }),
        input: anyInput(shape),
        sizes: twoSizes(['d0', 'd1', 'd2', 'd3', 'p', 'q']),
      })
      .map(({ axis, parts, input, sizes }) => ({
        params: { axis },
        inputs: parts.map((part: Dim) => ({ ...input, dims: shape.with(axis, part) })),
        sizes,
      })),
  ),
}

export const gather: Cases<{ readonly axis: number }> = {
  ulps: 0,
  cases: fc.tuple(dims(1, 3), int(1, 7)).chain(([shape, rows]) =>
    fc
      .record({
        axis: fc.nat(shape.length - 1),
        table: anyInput(shape),
        chosen: dims(0, 2).map(indices => indices.map(dim => (typeof dim === 'string' ? `i${dim}` : dim))),
        sizes: twoSizes(['d0', 'd1', 'd2', 'id0', 'id1']),
      })
      .map(({ axis, table, chosen, sizes }) => ({
        params: { axis },
        inputs: [{ ...table, dims: shape.with(axis, rows) }, i64Input(chosen, 0, rows - 1)],
        sizes,
      })),
  ),
}

/** Sizes are written down. */
export const expand: Cases<{ readonly shape: readonly number[] }> = {
  ulps: 0,
  cases: fc.array(int(1, 5), { maxLength: 4 }).chain(shape =>
    fc
      .tuple(fc.nat(shape.length), fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }))
      .chain(([first, ones]) =>
        anyInput(shape.map((size, axis) => (ones[axis] ? 1 : size)).slice(first)).map(input => ({
          params: { shape },
          inputs: [input],
          sizes: [{}, {}],
        })),
      ),
  ),
}

export const pad: Cases<{ readonly before: readonly number[]; readonly after: readonly number[] }> = {
  ulps: 0,
  cases: dims(1, 4).chain(shape => {
    const counts = fc.array(fc.nat(2), { minLength: shape.length, maxLength: shape.length })
    return fc
      .record({ before: counts, after: counts, input: anyInput(shape), sizes: dimSizes })
      .map(({ before, after, input, sizes }) => ({ params: { before, after }, inputs: [input], sizes }))
  }),
}

/** Few places, so that several slices fall on the same one. */
export const scatterAdd: Cases<{ readonly axis: number; readonly size: number }> = {
  ulps: 4,
  cases: fc.tuple(fc.array(int(1, 5), { minLength: 1, maxLength: 3 }), int(1, 4)).chain(([shape, size]) =>
    fc.nat(shape.length - 1).map(axis => ({
      params: { axis, size },
      inputs: [f32Input(shape), i64Input([shape[axis] as number], 0, size - 1)],
      sizes: [{}, {}],
    })),
  ),
}

export const sum: Cases<{ readonly axes: readonly number[] }> = {
  ulps: 16,
  cases: dims(1, 4).chain(shape => {
    const all = shape.map((_, axis) => axis)
    return fc
      .tuple(fc.subarray(all, { minLength: 1 }), dimSizes)
      .map(([axes, sizes]) => ({ params: { axes }, inputs: [f32Input(shape)], sizes }))
  }),
}

/** Readings of [n, a * b, h, w] and of a matrix that leave the free sizes unsaid. */
const reshapes: readonly { readonly dims: readonly Dim[]; readonly sizes: (a: number, b: number) => number[] }[] = [
  { dims: ['n', 'ab', 'h', 'w'], sizes: () => [0, 0, -1] },
  { dims: ['n', 'ab', 'h', 'w'], sizes: () => [0, -1] },
  { dims: ['n', 'ab', 'h', 'w'], sizes: () => [-1] },
  { dims: ['n', 'ab', 'h', 'w'], sizes: (a, b) => [0, a, b, -1] },
  { dims: ['n', 'h', 'ab'], sizes: (a, b) => [0, 0, a, b] },
  { dims: ['n', 'h', 'ab'], sizes: (a, b) => [-1, a * b] },
  { dims: ['h', 'ab'], sizes: (a, b) => [0, b, a, 1] },
  { dims: ['n'], sizes: () => [0, 1, 1, 1] },
  { dims: ['ab'], sizes: (a, b) => [b, a] },
  { dims: [1], sizes: () => [] },
]

export const reshape: Cases<{ readonly sizes: readonly number[] }> = {
  ulps: 0,
  cases: fc
    .record({ kind: fc.constantFrom(...reshapes), a: int(1, 4), b: int(1, 4), sizes: twoSizes(['n', 'h', 'w']) })
    .chain(({ kind, a, b, sizes }) =>
      anyInput(kind.dims.map(dim => (dim === 'ab' ? a * b : dim))).map(input => ({
        params: { sizes: kind.sizes(a, b) },
        inputs: [input],
        sizes,
      })),
    ),
}

/** A shape with the product of h and w under the name `hw`. */
export const reshapeLike: Cases<Readonly<Record<string, never>>> = {
  ulps: 0,
  cases: fc
    .record({
      shapes: fc.constantFrom<[Dim[], Dim[]]>(
        [
          ['n', 3, 'hw'],
          ['n', 3, 'h', 'w'],
        ],
        [
          ['n', 'h', 'w', 5],
          ['n', 'hw', 5],
        ],
        [
          ['h', 'w'],
          ['w', 'h'],
        ],
        [['hw'], ['h', 'w', 1]],
        [[1, 1], []],
      ),
      sizes: twoSizes(['n', 'h', 'w']),
    })
    .chain(({ shapes: [from, to], sizes }) => {
      const withProduct = sizes.map(s => ({ ...s, hw: (s.h as number) * (s.w as number) }))
      return fc.tuple(anyInput(from), anyInput(to)).map(inputs => ({
        params: {},
        inputs,
        sizes: withProduct as unknown as Case<never>['sizes'],
      }))
    }),
}

export const slice: Cases<{ readonly axis: number; readonly start: number; readonly end: number }> = {
  ulps: 0,
  cases: fc.tuple(dims(1, 4), int(1, 7)).chain(([shape, size]) =>
    fc
      .record({
        axis: fc.nat(shape.length - 1),
        start: fc.nat(size - 1),
        length: int(1, size),
        input: anyInput(shape),
        sizes: dimSizes,
      })
      .map(({ axis, start, length, input, sizes }) => ({
        params: { axis, start, end: Math.min(size, start + length) },
        inputs: [{ ...input, dims: shape.with(axis, size) }],
        sizes,
      })),
  ),
}

export const transpose: Cases<{ readonly order: readonly number[] }> = {
  ulps: 0,
  cases: dims(1, 5).chain(shape => {
    const axes = shape.map((_, axis) => axis)
    return fc
      .record({
        order: fc.shuffledSubarray(axes, { minLength: axes.length }),
        input: anyInput(shape),
        sizes: dimSizes,
      })
      .map(({ order, input, sizes }) => ({ params: { order }, inputs: [input], sizes }))
  }),
}
