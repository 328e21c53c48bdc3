import type { OpName } from '../../../../models/graph/ops/index.ts'
import type { ParamsOf } from '../op-name.ts'
import type { Cases } from './case.ts'
import { abs, add, after, cos, div, erf, exp, gelu, log, mul, sigmoid, sign, sin, sqrt, sub } from './elementwise.ts'
import {
  attention,
  conv2d,
  convTranspose2d,
  groupMean,
  groupNorm,
  layerNorm,
  linear,
  matmul,
  softmax,
} from './layers.ts'
import { cast, concat, expand, gather, pad, reshape, reshapeLike, scatterAdd, slice, sum, transpose } from './layout.ts'
import { pixelShuffle, pixelUnshuffle, resizeNearestLike, sumPool, upsampleNearest } from './pixels.ts'

/** Random valid applications of each op. */
export const cases: { readonly [K in OpName]: Cases<ParamsOf<K>> } = {
  abs,
  add,
  after,
  attention,
  cast,
  concat,
  conv2d,
  convTranspose2d,
  cos,
  div,
  erf,
  exp,
  expand,
  gather,
  gelu,
  groupMean,
  groupNorm,
  layerNorm,
  linear,
  log,
  matmul,
  mul,
  pad,
  pixelShuffle,
  pixelUnshuffle,
  reshape,
  reshapeLike,
  resizeNearestLike,
  scatterAdd,
  sigmoid,
  sign,
  sin,
  slice,
  softmax,
  sqrt,
  sub,
  sum,
  sumPool,
  transpose,
  upsampleNearest,
}
