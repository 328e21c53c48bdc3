import { absOp } from './abs.ts'
import { addOp } from './add.ts'
import { afterOp } from './after.ts'
import { attentionOp } from './attention.ts'
import { castOp } from './cast.ts'
import { concatOp } from './concat.ts'
import { convTranspose2dOp } from './conv-transpose2d.ts'
import { conv2dOp } from './conv2d.ts'
import { cosOp } from './cos.ts'
import { divOp } from './div.ts'
import { erfOp } from './erf.ts'
import { expOp } from './exp.ts'
import { expandOp } from './expand.ts'
import { gatherOp } from './gather.ts'
import { geluOp } from './gelu.ts'
import { groupMeanOp } from './group-mean.ts'
import { groupNormOp } from './group-norm.ts'
import { layerNormOp } from './layer-norm.ts'
import { linearOp } from './linear.ts'
import { logOp } from './log.ts'
import { matmulOp } from './matmul.ts'
import { mulOp } from './mul.ts'
import { padOp } from './pad.ts'
import { pixelShuffleOp } from './pixel-shuffle.ts'
import { pixelUnshuffleOp } from './pixel-unshuffle.ts'
import { reshapeOp } from './reshape.ts'
import { reshapeLikeOp } from './reshape-like.ts'
import { resizeNearestLikeOp } from './resize-nearest-like.ts'
import { scatterAddOp } from './scatter-add.ts'
import { sigmoidOp } from './sigmoid.ts'
import { signOp } from './sign.ts'
import { sinOp } from './sin.ts'
import { sliceOp } from './slice.ts'
import { softmaxOp } from './softmax.ts'
import { sqrtOp } from './sqrt.ts'
import { subOp } from './sub.ts'
import { sumOp } from './sum.ts'
import { sumPoolOp } from './sum-pool.ts'
import { transposeOp } from './transpose.ts'
import { upsampleNearestOp } from './upsample-nearest.ts'

/** Every op of the graph core. A new op is one file and one line here; the tests' tables then miss it by type. */
export const ops = {
  abs: absOp,
  add: addOp,
  after: afterOp,
  attention: attentionOp,
  cast: castOp,
  concat: concatOp,
  conv2d: conv2dOp,
  convTranspose2d: convTranspose2dOp,
  cos: cosOp,
  div: divOp,
  erf: erfOp,
  exp: expOp,
  expand: expandOp,
  gather: gatherOp,
  gelu: geluOp,
  groupMean: groupMeanOp,
  groupNorm: groupNormOp,
  layerNorm: layerNormOp,
  linear: linearOp,
  log: logOp,
  matmul: matmulOp,
  mul: mulOp,
  pad: padOp,
  pixelShuffle: pixelShuffleOp,
  pixelUnshuffle: pixelUnshuffleOp,
  reshape: reshapeOp,
  reshapeLike: reshapeLikeOp,
  resizeNearestLike: resizeNearestLikeOp,
  scatterAdd: scatterAddOp,
  sigmoid: sigmoidOp,
  sign: signOp,
  sin: sinOp,
  slice: sliceOp,
  softmax: softmaxOp,
  sqrt: sqrtOp,
  sub: subOp,
  sum: sumOp,
  sumPool: sumPoolOp,
  transpose: transposeOp,
  upsampleNearest: upsampleNearestOp,
} as const

export type OpName = keyof typeof ops
