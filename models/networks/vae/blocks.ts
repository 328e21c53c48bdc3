import { add } from '../../graph/ops/add.ts'
import { attention } from '../../graph/ops/attention.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { reshapeLike } from '../../graph/ops/reshape-like.ts'
import { transpose } from '../../graph/ops/transpose.ts'
import type { Value } from '../../graph/value.ts'
import { convLayer, groupNormLayer, linearLayer, silu } from '../layers.ts'
import { type Parameters, scope } from '../parameters.ts'
import { type ResnetConfig, resnet } from '../resnet.ts'
import type { VaeConfig } from './config.ts'

export const vaeEps = 1e-6

/** A residual block of the autoencoder, which knows no time. */
export function vaeResnet(p: Parameters, path: string, x: Value, out: number, config: VaeConfig): Value {
  const settings: ResnetConfig = { out, groups: config.normGroups, eps: vaeEps }
  return resnet(p, path, x, settings)
}

/** The middle of encoder and decoder: two residual blocks around one attention in a single head. */
export function vaeMiddle(parameters: Parameters, x: Value, config: VaeConfig): Value {
  const p = scope(parameters, 'mid_block')
  const channels = x.shape[1] as number
  let h = vaeResnet(p, 'resnets.0', x, channels, config)
  if (config.midBlockAttention) h = selfAttention(scope(p, 'attentions.0'), h, config)
  return vaeResnet(p, 'resnets.1', h, channels, config)
}

function selfAttention(p: Parameters, x: Value, { normGroups }: VaeConfig): Value {
  const channels = x.shape[1] as number
  const normal = groupNormLayer(p, 'group_norm', x, normGroups, vaeEps)
  const tokens = transpose(reshape(normal, [0, 0, -1]), [0, 2, 1])
  const project = (path: string) => linearLayer(p, path, tokens, channels)
  const mixed = attention(project('to_q'), project('to_k'), project('to_v'), 1)
  return add(reshapeLike(transpose(linearLayer(p, 'to_out.0', mixed, channels), [0, 2, 1]), x), x)
}

/** Last normalisation, activation and convolution of encoder and decoder. */
export const vaeEnd = (p: Parameters, x: Value, out: number, { normGroups }: VaeConfig): Value =>
  convLayer(p, 'conv_out', silu(groupNormLayer(p, 'conv_norm_out', x, normGroups, vaeEps)), out)
