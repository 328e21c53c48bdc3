import { add } from '../graph/ops/add.ts'
import { reshape } from '../graph/ops/reshape.ts'
import type { Value } from '../graph/value.ts'
import { convLayer, groupNormLayer, linearLayer, silu } from './layers.ts'
import { type Parameters, scope } from './parameters.ts'

export interface ResnetConfig {
  readonly out: number
  readonly groups: number
  readonly eps: number
}

/**
 * diffusers' ResnetBlock2D at `path`: x [n, in, h, w] to [n, out, h, w]; the UNet's also take the time
 * embedding [n, width].
 */
export function resnet(
  parameters: Parameters,
  path: string,
  x: Value,
  { out, groups, eps }: ResnetConfig,
  timeEmbedding?: Value,
): Value {
  const p = scope(parameters, path)
  let h = convLayer(p, 'conv1', silu(groupNormLayer(p, 'norm1', x, groups, eps)), out)
  if (timeEmbedding) h = add(h, reshape(linearLayer(p, 'time_emb_proj', silu(timeEmbedding), out), [0, out, 1, 1]))
  h = convLayer(p, 'conv2', silu(groupNormLayer(p, 'norm2', h, groups, eps)), out)
  return add(h, x.shape[1] === out ? x : convLayer(p, 'conv_shortcut', x, out, { kernel: 1 }))
}
