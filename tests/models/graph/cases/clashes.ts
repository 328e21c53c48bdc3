import type { OpName } from '../../../../models/graph/ops/index.ts'
import { input, type Value } from '../../../../models/graph/value.ts'
import type { ParamsOf } from '../op-name.ts'

/** Inputs that do not fit, and parameters. */
export type Clash<P> = readonly [inputs: readonly Value[], params: P]

const x = (...shape: number[]) => input('x', { shape, dtype: 'f32' })
const whole = (...shape: number[]) => input('x', { shape, dtype: 'i64' })
const half = (...shape: number[]) => input('x', { shape, dtype: 'f16' })

const broadcasts: readonly Clash<Readonly<Record<string, never>>>[] = [
  [[x(2, 3), x(2, 4)], {}],
  [[x(2, 3), x(2)], {}],
  [[x(5, 1, 3), x(4, 2)], {}],
  [[x(2, 3), whole(2, 3)], {}],
]

const wholeNumbers: readonly Clash<Readonly<Record<string, never>>>[] = [[[whole(2, 3)], {}]]

const plain = { stride: 1, padding: [0, 0, 0, 0] } as const satisfies ParamsOf<'conv2d'>

/** What each op refuses. */
export const clashes: { readonly [K in OpName]: readonly Clash<ParamsOf<K>>[] } = {
  abs: wholeNumbers,
  add: broadcasts,
  after: [
    [[x(2, 3)], {}],
    [[whole(2, 3), x(1)], {}],
    [[x(2, 3), whole(1)], {}],
  ],
  attention: [
    [[x(1, 5, 8), x(1, 7, 6), x(1, 7, 6)], { heads: 2, causal: false }],
    [[x(1, 5, 8), x(2, 7, 8), x(2, 7, 8)], { heads: 2, causal: false }],
    [[x(1, 5, 8), x(1, 7, 8), x(1, 6, 8)], { heads: 2, causal: false }],
    [[x(1, 5, 8), x(1, 7, 8), x(1, 7, 8)], { heads: 2, causal: true }],
    [[x(1, 5, 8), x(1, 5, 8), x(1, 5, 8)], { heads: 3, causal: false }],
    [[x(1, 5, 8), x(1, 5, 8), x(1, 5, 8)], { heads: 0, causal: false }],
    [[x(5, 8), x(5, 8), x(5, 8)], { heads: 2, causal: false }],
    [[x(1, 5, 8), half(1, 5, 8), x(1, 5, 8)], { heads: 2, causal: false }],
  ],
  // Every shape can be cast, and every type.
  cast: [],
  concat: [
    [[x(2, 3), x(2, 4)], { axis: 0 }],
    [[x(2, 3), x(2, 3, 1)], { axis: 1 }],
    [[x(2, 3), whole(2, 3)], { axis: 1 }],
    [[x(2, 3), x(2, 3)], { axis: 2 }],
    [[x(2, 3), x(2, 3)], { axis: -1 }],
    [[x()], { axis: 0 }],
  ],
  conv2d: [
    [[x(1, 4, 8, 8), x(6, 3, 3, 3)], plain],
    [[x(1, 4, 8, 8), x(6, 4, 3, 3), x(5)], plain],
    [[x(1, 4, 8, 8), x(6, 4, 3, 3), x(6, 1)], plain],
    [[x(4, 8, 8), x(6, 8, 3, 3)], plain],
    [[x(1, 4, 8, 8), x(6, 4)], plain],
    [[x(1, 4, 2, 8), x(6, 4, 3, 3)], plain],
    [[x(1, 4, 8, 1), x(6, 4, 3, 3)], { ...plain, padding: [1, 0, 1, 1] }],
    [[x(1, 4, 8, 8), x(6, 4, 3, 3)], { ...plain, stride: 0 }],
    [[x(1, 4, 8, 8), half(6, 4, 3, 3)], plain],
  ],
  convTranspose2d: [
    [[x(1, 3, 4, 4), x(4, 2, 3, 3)], { ...plain, size: [6, 6] }],
    [[x(3, 4, 4), x(3, 2, 3, 3)], { ...plain, size: [6, 6] }],
    [[x(1, 3, 4, 4), x(3, 2)], { ...plain, size: [6, 6] }],
    [[x(1, 3, 4, 4), x(3, 2, 3, 3)], { ...plain, size: [6, 7] }],
    [[x(1, 3, 4, 4), x(3, 2, 3, 3)], { ...plain, stride: 2, size: [8, 9] }],
    [[x(1, 3, 4, 4), half(3, 2, 3, 3)], { ...plain, size: [6, 6] }],
  ],
  cos: wholeNumbers,
  div: broadcasts,
  erf: wholeNumbers,
  exp: wholeNumbers,
  expand: [
    [[x(2, 3)], { shape: [2, 4] }],
    [[x(2, 3)], { shape: [3] }],
    [[x(2, 3)], { shape: [2, 1] }],
    [[x(2, 3)], { shape: [] }],
  ],
  gather: [
    [[x(5, 2), x(3)], { axis: 0 }],
    [[x(5, 2), whole(3)], { axis: 2 }],
    [[x(5, 2), whole(3)], { axis: -1 }],
    [[x(), whole(3)], { axis: 0 }],
  ],
  gelu: wholeNumbers,
  groupMean: [
    [[x(1, 6, 4, 4)], { groups: 4 }],
    [[x(6, 4, 4)], { groups: 3 }],
    [[half(1, 6, 4, 4)], { groups: 3 }],
  ],
  groupNorm: [
    [[x(1, 6, 4, 4), x(6), x(6)], { groups: 4, eps: 1e-5 }],
    [[x(1, 6, 4, 4), x(6), x(6)], { groups: 0, eps: 1e-5 }],
    [[x(1, 6, 4, 4), x(3), x(6)], { groups: 3, eps: 1e-5 }],
    [[x(1, 6, 4, 4), x(6), x(1)], { groups: 3, eps: 1e-5 }],
    [[x(1, 6, 4), x(6), x(6)], { groups: 3, eps: 1e-5 }],
    [[x(1, 6, 4, 4), half(6), x(6)], { groups: 3, eps: 1e-5 }],
  ],
  layerNorm: [
    [[x(2, 5), x(2), x(5)], { eps: 1e-5 }],
    [[x(2, 5), x(5), x(1, 5)], { eps: 1e-5 }],
    [[x(), x(1), x(1)], { eps: 1e-5 }],
    [[x(2, 5), x(5), half(5)], { eps: 1e-5 }],
  ],
  linear: [
    [[x(2, 5), x(7, 4)], {}],
    [[x(2, 5), x(5)], {}],
    [[x(2, 5), x(5, 7)], {}],
    [[x(2, 5), x(7, 5), x(5)], {}],
    [[x(2, 5), x(7, 5), x(1, 7)], {}],
    [[x(), x(7, 5)], {}],
    [[x(2, 5), half(7, 5)], {}],
  ],
  log: wholeNumbers,
  matmul: [
    [[x(2, 3), x(2, 3)], {}],
    [[x(3), x(3, 2)], {}],
    [[x(2, 3), x(3)], {}],
    [[x(4, 2, 3), x(5, 3, 2)], {}],
    [[x(2, 3), half(3, 2)], {}],
  ],
  mul: broadcasts,
  pad: [
    [[x()], { before: [], after: [] }],
    [[x(2, 3)], { before: [1], after: [0, 0] }],
    [[x(2, 3)], { before: [1, 0], after: [0, 0, 0] }],
    [[x(2, 3)], { before: [1, -1], after: [0, 0] }],
    [[x(2, 3)], { before: [1, 0], after: [0.5, 0] }],
  ],
  pixelShuffle: [
    [[x(1, 6, 4, 4)], { block: 2 }],
    [[x(4, 4, 4)], { block: 2 }],
    [[whole(1, 4, 4, 4)], { block: 2 }],
  ],
  pixelUnshuffle: [
    [[x(1, 3, 5, 4)], { block: 2 }],
    [[x(1, 3, 4, 5)], { block: 2 }],
    [[x(3, 4, 4)], { block: 2 }],
    [[whole(1, 4, 4, 4)], { block: 2 }],
  ],
  reshape: [
    [[x(2, 6)], { sizes: [5, -1] }],
    [[x(2, 6)], { sizes: [2, 7] }],
    [[x(2, 6)], { sizes: [-1, -1] }],
    [[x(2, 6)], { sizes: [-2, -6] }],
    [[x(2, 6)], { sizes: [2, 6, 0] }],
    [[x(2, 6)], { sizes: [24, 0.5] }],
    [[x(2, 6)], { sizes: [] }],
  ],
  reshapeLike: [[[x(2, 6), x(3, 5)], {}]],
  resizeNearestLike: [
    [[x(1, 3, 4, 4), x(8, 8)], {}],
    [[x(3, 4, 4), x(1, 3, 8, 8)], {}],
    [[x(1, 3, 4, 4), x(1, 3, 9, 8)], {}],
    [[x(1, 3, 4, 4), x(1, 3, 8, 6)], {}],
    [[x(1, 3, 14, 14), x(1, 3, 16, 16)], {}],
    [[whole(1, 3, 4, 4), x(1, 3, 8, 8)], {}],
  ],
  scatterAdd: [
    [[x(3, 2), x(3)], { axis: 0, size: 5 }],
    [[whole(3, 2), whole(3)], { axis: 0, size: 5 }],
    [[x(3, 2), whole(3)], { axis: 1, size: 5 }],
    [[x(3, 2), whole(3)], { axis: 2, size: 5 }],
    [[x(3, 2), whole(3, 1)], { axis: 0, size: 5 }],
    [[x(3, 2), whole(3)], { axis: 0, size: 0 }],
  ],
  sigmoid: wholeNumbers,
  sign: wholeNumbers,
  sin: wholeNumbers,
  slice: [
    [[x(2, 5)], { axis: 1, start: 2, end: 6 }],
    [[x(2, 5)], { axis: 1, start: -1, end: 3 }],
    [[x(2, 5)], { axis: 1, start: 3, end: 3 }],
    [[x(2, 5)], { axis: 1, start: 0, end: 2.5 }],
    [[x(2, 5)], { axis: 2, start: 0, end: 1 }],
    [[x(2, 5)], { axis: -1, start: 0, end: 1 }],
  ],
  softmax: [
    [[x()], {}],
    [[whole(2, 3)], {}],
  ],
  sqrt: wholeNumbers,
  sub: broadcasts,
  sum: [
    [[x(2, 3)], { axes: [2] }],
    [[x(2, 3)], { axes: [-1] }],
    [[x(2, 3)], { axes: [1, 1] }],
    [[x(2, 3)], { axes: [] }],
    [[whole(2, 3)], { axes: [0] }],
  ],
  sumPool: [
    [[x(1, 3, 5, 4)], { block: 2 }],
    [[x(1, 3, 4, 5)], { block: 2 }],
    [[x(3, 4, 4)], { block: 2 }],
    [[whole(1, 4, 4, 4)], { block: 2 }],
  ],
  transpose: [
    [[x(2, 3, 4)], { order: [1, 0] }],
    [[x(2, 3, 4)], { order: [0, 1, 1] }],
    [[x(2, 3, 4)], { order: [0, 1, 3] }],
    [[x(2, 3)], { order: [0, 1, 2] }],
  ],
  upsampleNearest: [
    [[x(3, 4, 4)], { scale: 2 }],
    [[x(1, 3, 4, 4)], { scale: 1.5 }],
    [[x(1, 3, 4, 4)], { scale: 0 }],
    [[whole(1, 3, 4, 4)], { scale: 2 }],
  ],
}
