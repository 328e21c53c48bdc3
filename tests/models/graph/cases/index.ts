import type { OpName } from '../../../../models/graph/ops/index.ts'
import type { ParamsOf } from '../op-name.ts'
import type { Cases } from './case.ts'
import { add, cos, gelu, mul, sigmoid, sin } from './elementwise.ts'
import { attention, conv2d, groupMean, groupNorm, layerNorm, linear } from './layers.ts'
import { cast, concat, gather, reshape, reshapeLike, slice, transpose } from './layout.ts'
import { pixelShuffle, pixelUnshuffle, resizeNearestLike, upsampleNearest } from './pixels.ts'

/** Random valid applications of each op. */
export const cases: { readonly [K in OpName]: Cases<ParamsOf<K>> } = {
  add,
  attention,
  cast,
  concat,
  conv2d,
  cos,
  gather,
  gelu,
  groupMean,
  groupNorm,
  layerNorm,
  linear,
  mul,
  pixelShuffle,
  pixelUnshuffle,
  reshape,
  reshapeLike,
  resizeNearestLike,
  sigmoid,
  sin,
  slice,
  transpose,
  upsampleNearest,
}
