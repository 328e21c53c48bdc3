import type { OpName } from '../../../../models/graph/ops/index.ts'
import type { ParamsOf } from '../op-name.ts'
import { cast } from './cast.ts'
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
import { concat, expand, gather, pad, reshape, reshapeLike, scatterAdd, slice, sum, transpose } from './layout.ts'
import type { Nd } from './nd.ts'
import { pixelShuffle, pixelUnshuffle, resizeNearestLike, sumPool, upsampleNearest } from './pixels.ts'

/** What each op computes, written in plain doubles from its definition: the oracle of the graph core. */
export const reference: { readonly [K in OpName]: (inputs: readonly Nd[], params: ParamsOf<K>) => Nd } = {
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
