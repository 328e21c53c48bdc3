import { add } from '../../graph/ops/add.ts'
import { attention } from '../../graph/ops/attention.ts'
import { gelu } from '../../graph/ops/gelu.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { reshapeLike } from '../../graph/ops/reshape-like.ts'
import { split } from '../../graph/ops/slice.ts'
import { transpose } from '../../graph/ops/transpose.ts'
import type { Value } from '../../graph/value.ts'
import { convLayer, groupNormLayer, layerNormLayer, linearLayer } from '../layers.ts'
import { at, type Parameters, scope } from '../parameters.ts'

export interface TransformerConfig {
  readonly heads: number
  readonly layers: number
  readonly linearProjection: boolean
  readonly groups: number
}

/** diffusers' Transformer2DModel at `path`: pixels of x [n, channels, h, w] attend to each other and to the context. */
export function transformer(
  parameters: Parameters,
  path: string,
  x: Value,
  context: Value,
  { heads, layers, linearProjection, groups }: TransformerConfig,
): Value {
  const p = scope(parameters, path)
  const channels = x.shape[1] as number
  const normal = groupNormLayer(p, 'norm', x, groups, 1e-6)
  const toTokens = (h: Value) => transpose(reshape(h, [0, 0, -1]), [0, 2, 1])
  const toPixels = (tokens: Value) => reshapeLike(transpose(tokens, [0, 2, 1]), x)

  let tokens = linearProjection
    ? linearLayer(p, 'proj_in', toTokens(normal), channels)
    : toTokens(convLayer(p, 'proj_in', normal, channels, { kernel: 1 }))
  for (let i = 0; i < layers; i++) tokens = block(scope(p, `transformer_blocks.${i}`), tokens, context, heads)
  const out = linearProjection
    ? toPixels(linearLayer(p, 'proj_out', tokens, channels))
    : convLayer(p, 'proj_out', toPixels(tokens), channels, { kernel: 1 })
  return add(out, x)
}

/** BasicTransformerBlock: self-attention, cross-attention and a gated feed-forward, each added to its input. */
function block(p: Parameters, x: Value, context: Value, heads: number): Value {
  const own = layerNormLayer(p, 'norm1', x)
  const seen = add(crossAttention(scope(p, 'attn1'), own, own, heads), x)
  const mixed = crossAttention(scope(p, 'attn2'), layerNormLayer(p, 'norm2', seen), context, heads)
  const told = at(p, 'attn2', add(mixed, seen))
  return add(feedForward(scope(p, 'ff'), layerNormLayer(p, 'norm3', told)), told)
}

function crossAttention(p: Parameters, x: Value, context: Value, heads: number): Value {
  const width = x.shape[2] as number
  const project = (path: string, from: Value) => linearLayer(p, path, from, width, { bias: false })
  const mixed = attention(project('to_q', x), project('to_k', context), project('to_v', context), heads)
  return linearLayer(p, 'to_out.0', mixed, width)
}

/** GEGLU (Shazeer 2020): half of the widened features gate the other half. */
function feedForward(p: Parameters, x: Value): Value {
  const width = x.shape[2] as number
  const [features, gate] = split(linearLayer(p, 'net.0.proj', x, width * 8), 2, 2) as [Value, Value]
  return linearLayer(p, 'net.2', mul(features, gelu(gate)), width)
}
