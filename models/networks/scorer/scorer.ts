import { add } from '../../graph/ops/add.ts'
import { div } from '../../graph/ops/div.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { sqrt } from '../../graph/ops/sqrt.ts'
import { mean, sum } from '../../graph/ops/sum.ts'
import { scalar, type Value } from '../../graph/value.ts'
import { convLayer, groupNormLayer, linearLayer, silu } from '../layers.ts'
import { type Parameters, scope } from '../parameters.ts'
import { resnet } from '../resnet.ts'
import { clipText } from '../text/clip.ts'
import type { TextConfig } from '../text/config.ts'

/** Shape of a scorer: two towers that put pictures and texts in one space, where what belongs together is close. */
export interface ScorerConfig {
  /** Channels of the picture tower's levels; each halves the sides. */
  readonly channels: readonly number[]
  /** With a projection to the common width. */
  readonly text: TextConfig & { readonly projection: number }
}

const eps = 1e-5
const mostGroups = 8

/** Pictures f32 [n, 3, h, w] in -1..1 as vectors of length 1: [n, width]. */
export function pictureVector({ channels, text }: ScorerConfig, parameters: Parameters, picture: Value): Value {
  const p = scope(parameters, 'picture')
  let x = picture
  for (const [level, width] of channels.entries()) {
    const groups = Math.min(mostGroups, width / 4)
    x = convLayer(p, `levels.${level}.downsampler`, x, width, { stride: 2 })
    x = resnet(p, `levels.${level}.resnet`, x, { out: width, groups, eps })
  }
  const last = channels.at(-1) as number
  const normal = silu(groupNormLayer(p, 'norm', x, Math.min(mostGroups, last / 4), eps))
  return unit(linearLayer(p, 'projection', reshape(mean(normal, [2, 3]), [0, last]), text.projection, { bias: false }))
}

/** Texts, as ids i64 [n, positions] and the places of their ends (see `TextStates.pooled`), as vectors of length 1. */
export const textVector = ({ text }: ScorerConfig, parameters: Parameters, ids: Value, ends: Value): Value =>
  unit(clipText(text, scope(parameters, 'text'), ids).pooled(ends))

/** The logarithm of what the products of vectors are multiplied by: f32 [1]. */
export const scale = (parameters: Parameters): Value => parameters('logit_scale', [1])

const unit = (x: Value): Value => div(x, sqrt(add(sum(mul(x, x), [1]), scalar(1e-8))))
