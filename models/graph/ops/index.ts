import { addOp } from './add.ts'
import { attentionOp } from './attention.ts'
import { castOp } from './cast.ts'
import { concatOp } from './concat.ts'
import { conv2dOp } from './conv2d.ts'
import { cosOp } from './cos.ts'
import { gatherOp } from './gather.ts'
import { geluOp } from './gelu.ts'
import { groupMeanOp } from './group-mean.ts'
import { groupNormOp } from './group-norm.ts'
import { layerNormOp } from './layer-norm.ts'
import { linearOp } from './linear.ts'
import { mulOp } from './mul.ts'
import { pixelShuffleOp } from './pixel-shuffle.ts'
import { pixelUnshuffleOp } from './pixel-unshuffle.ts'
import { reshapeOp } from './reshape.ts'
import { reshapeLikeOp } from './reshape-like.ts'
import { resizeNearestLikeOp } from './resize-nearest-like.ts'
import { sigmoidOp } from './sigmoid.ts'
import { sinOp } from './sin.ts'
import { sliceOp } from './slice.ts'
import { transposeOp } from './transpose.ts'
import { upsampleNearestOp } from './upsample-nearest.ts'

/** Every op of the graph core. A new op is one file and one line here; the tests' tables then miss it by type. */
export const ops = {
  add: addOp,
  attention: attentionOp,
  cast: castOp,
  concat: concatOp,
  conv2d: conv2dOp,
  cos: cosOp,
  gather: gatherOp,
  gelu: geluOp,
  groupMean: groupMeanOp,
  groupNorm: groupNormOp,
  layerNorm: layerNormOp,
  linear: linearOp,
  mul: mulOp,
  pixelShuffle: pixelShuffleOp,
  pixelUnshuffle: pixelUnshuffleOp,
  reshape: reshapeOp,
  reshapeLike: reshapeLikeOp,
  resizeNearestLike: resizeNearestLikeOp,
  sigmoid: sigmoidOp,
  sin: sinOp,
  slice: sliceOp,
  transpose: transposeOp,
  upsampleNearest: upsampleNearestOp,
} as const

export type OpName = keyof typeof ops
