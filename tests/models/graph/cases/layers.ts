import fc from 'fast-check'
import { places } from '../../../../models/graph/ops/conv2d.ts'
import type { ParamsOf } from '../op-name.ts'
import { type Cases, type Dim, dimSizes, dims, f32Input, int, twoSizes } from './case.ts'

const pad = fc.nat(2)

export const conv2d: Cases<{
  readonly stride: number
  readonly padding: readonly [number, number, number, number]
}> = {
  ulps: 32,
  cases: fc
    .record({
      channels: int(1, 4),
      out: int(1, 5),
      rows: int(1, 4),
      columns: int(1, 4),
      bias: fc.boolean(),
      stride: int(1, 3),
      padding: fc.tuple(pad, pad, pad, pad),
      sizes: twoSizes(['n', 'h', 'w'], 1, 7),
    })
    .map(({ channels, out, rows, columns, bias, stride, padding, sizes: [one, two] }) => {
      const fitting = (s: typeof one) => ({
        n: s.n as number,
        h: Math.max(s.h as number, rows),
        w: Math.max(s.w as number, columns),
      })
      const [x, weight] = [f32Input(['n', channels, 'h', 'w']), f32Input([out, channels, rows, columns])]
      return {
        params: { stride, padding },
        inputs: bias ? [x, weight, f32Input([out])] : [x, weight],
        sizes: [fitting(one), fitting(two)],
      }
    }),
}

/** The size of the result is written down, so that only the batch is free. */
export const convTranspose2d: Cases<ParamsOf<'convTranspose2d'>> = {
  ulps: 32,
  cases: fc
    .record({
      channels: int(1, 4),
      out: int(1, 5),
      rows: int(1, 4),
      columns: int(1, 4),
      stride: int(1, 3),
      padding: fc.tuple(pad, pad, pad, pad),
      height: int(1, 9),
      width: int(1, 9),
      sizes: twoSizes(['n']),
    })
    .map(({ channels, out, rows, columns, stride, padding, height, width, sizes }) => {
      const size = [Math.max(height, rows), Math.max(width, columns)] as const
      const [h, w] = places(size, [rows, columns], { stride, padding })
      const inputs = [f32Input(['n', channels, h, w]), f32Input([channels, out, rows, columns])]
      return { params: { stride, padding, size }, inputs, sizes }
    }),
}

export const matmul: Cases<Readonly<Record<string, never>>> = {
  ulps: 16,
  cases: fc
    .record({
      leading: dims(0, 2),
      ones: fc.tuple(fc.nat(2), fc.boolean()),
      taken: int(1, 9),
      rows: fc.constantFrom<Dim>(1, 4, 'rows'),
      columns: fc.constantFrom<Dim>(1, 5, 'columns'),
      sizes: twoSizes(['d0', 'd1', 'rows', 'columns']),
    })
    .map(({ leading, ones: [one, first], taken, rows, columns, sizes }) => {
      const fewer = leading.map((dim, axis) => (axis === one ? 1 : dim)).slice(Number(one === 2))
      const [a, b] = first ? [fewer, leading] : [leading, fewer]
      return { params: {}, inputs: [f32Input([...a, rows, taken]), f32Input([...b, taken, columns])], sizes }
    }),
}

export const softmax: Cases<Readonly<Record<string, never>>> = {
  ulps: 8,
  cases: fc
    .tuple(dims(1, 4), fc.constantFrom(1, 30), dimSizes)
    .map(([shape, high, sizes]) => ({ params: {}, inputs: [f32Input(shape, -high, high)], sizes })),
}

export const linear: Cases<Readonly<Record<string, never>>> = {
  ulps: 16,
  cases: fc
    .record({ leading: dims(0, 3), width: int(1, 9), out: int(1, 9), bias: fc.boolean(), sizes: dimSizes })
    .map(({ leading, width, out, bias, sizes }) => {
      const [x, weight] = [f32Input([...leading, width]), f32Input([out, width])]
      return { params: {}, inputs: bias ? [x, weight, f32Input([out])] : [x, weight], sizes }
    }),
}

const eps = fc.constantFrom(1e-5, 1e-6, 0.25)
/** Around zero, and far from it: where a variance taken as a difference of squares would lose its digits. */
const range = fc.constantFrom([-2, 2], [20, 22])

const spread = (dims: readonly Dim[], low: number, high: number) => ({ ...f32Input(dims, low, high), spread: true })

export const layerNorm: Cases<{ readonly eps: number }> = {
  ulps: 256,
  cases: fc
    .record({ leading: dims(0, 3), width: int(1, 9), eps, range, sizes: dimSizes })
    .map(({ leading, width, eps, range: [low, high], sizes }) => ({
      params: { eps },
      inputs: [spread([...leading, width], low, high), f32Input([width]), f32Input([width])],
      sizes,
    })),
}

export const groupMean: Cases<{ readonly groups: number }> = {
  ulps: 64,
  cases: fc
    .record({ groups: int(1, 4), perGroup: int(1, 3), sizes: twoSizes(['n', 'h', 'w'], 1, 6) })
    .map(({ groups, perGroup, sizes }) => ({
      params: { groups },
      inputs: [f32Input(['n', groups * perGroup, 'h', 'w'])],
      sizes,
    })),
}

export const groupNorm: Cases<{ readonly groups: number; readonly eps: number }> = {
  ulps: 256,
  cases: fc
    .record({ groups: int(1, 4), size: int(1, 4), eps, range, sizes: twoSizes(['n', 'h', 'w'], 1, 5) })
    .map(({ groups, size, eps, range: [low, high], sizes }) => {
      const channels = groups * size
      return {
        params: { groups, eps },
        inputs: [spread(['n', channels, 'h', 'w'], low, high), f32Input([channels]), f32Input([channels])],
        sizes,
      }
    }),
}

export const attention: Cases<{ readonly heads: number; readonly causal: boolean }> = {
  ulps: 32,
  cases: fc
    .record({
      heads: int(1, 4),
      size: int(1, 9),
      causal: fc.boolean(),
      sizes: twoSizes(['n', 't', 's'], 1, 11),
    })
    .map(({ heads, size, causal, sizes }) => {
      const tokens = (name: Dim) => f32Input(['n', name, heads * size])
      const others = causal ? 't' : 's'
      return { params: { heads, causal }, inputs: [tokens('t'), tokens(others), tokens(others)], sizes }
    }),
}
