import type { OpName } from '../../../../models/graph/ops/index.ts'
import type { ParamsOf } from '../op-name.ts'
import { cast } from './cast.ts'
import { add, cos, gelu, mul, sigmoid, sin } from './elementwise.ts'
import { attention, conv2d, groupMean, groupNorm, layerNorm, linear } from './layers.ts'
import { concat, gather, reshape, reshapeLike, slice, transpose } from './layout.ts'
import type { Nd } from './nd.ts'
import { pixelShuffle, pixelUnshuffle, resizeNearestLike, upsampleNearest } from './pixels.ts'

/** What each op computes, written in plain doubles from its definition: the oracle of the graph core. */
export const reference: { readonly [K in OpName]: (inputs: readonly Nd[], params: ParamsOf<K>) => Nd } = {
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
