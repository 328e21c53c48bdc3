import { add } from '../../graph/ops/add.ts'
import { attention } from '../../graph/ops/attention.ts'
import { gather } from '../../graph/ops/gather.ts'
import { gelu } from '../../graph/ops/gelu.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { sigmoid } from '../../graph/ops/sigmoid.ts'
import { constant, type Value } from '../../graph/value.ts'
import { f32 } from '../../tensor/tensor.ts'
import { layerNormLayer, linearLayer } from '../layers.ts'
import { type Parameters, scope } from '../parameters.ts'
import type { TextConfig } from './config.ts'

export interface TextStates {
  /** The states after the embedding and after each layer, before the final normalisation: f32 [n, positions, width]. */
  readonly hidden: readonly Value[]
  /** The final normalisation of the state before the last `clipSkip - 1` layers: 1 is the last state. */
  normed(clipSkip: number): Value
  /**
   * The projection f32 [n, projection] of each text's last state, normalised, at its first end token. `ends` i64 [n]
   * says where these stand when the positions of all texts are counted in one row.
   */
  pooled(ends: Value): Value
}

/** Vectors that stand in for those of tokens. */
export interface Injected {
  /** f32 [n, positions, width]: the vector where one stands in, else zeros. */
  readonly vectors: Value
  /** f32 [n, positions, 1]: 0 where one stands in, else 1. */
  readonly kept: Value
}

/**
 * CLIP's text encoder (Radford et al. 2021), and OpenCLIP's, as transformers' CLIPTextModelWithProjection: token ids
 * i64 [n, positions].
 */
export function clipText(config: TextConfig, parameters: Parameters, ids: Value, injected?: Injected): TextStates {
  const p = scope(parameters, 'text_model')
  const { vocabSize, hiddenSize: width, positions, normEps } = config
  const own = gather(p('embeddings.token_embedding.weight', [vocabSize, width]), ids)
  const tokens = injected ? add(mul(own, injected.kept), injected.vectors) : own
  const hidden = [add(tokens, p('embeddings.position_embedding.weight', [positions, width]))]
  for (let i = 0; i < config.layers; i++)
    hidden.push(layer(config, scope(p, `encoder.layers.${i}`), hidden.at(-1) as Value))
  const normed = (clipSkip: number) => {
    const state = hidden.at(-clipSkip)
    if (!state) throw new RangeError(`clip skip ${clipSkip} of ${config.layers} layers`)
    return layerNormLayer(p, 'final_layer_norm', state, normEps)
  }
  return {
    hidden,
    normed,
    pooled: ends =>
      linearLayer(
        parameters,
        'text_projection',
        gather(reshape(normed(1), [-1, width]), ends),
        config.projection ?? width,
        {
          bias: false,
        },
      ),
  }
}

function layer(config: TextConfig, p: Parameters, x: Value): Value {
  const { hiddenSize: width, normEps } = config
  const own = layerNormLayer(p, 'layer_norm1', x, normEps)
  const project = (path: string) => linearLayer(p, `self_attn.${path}`, own, width)
  const mixed = attention(project('q_proj'), project('k_proj'), project('v_proj'), config.heads, true)
  const seen = add(linearLayer(p, 'self_attn.out_proj', mixed, width), x)
  const wide = linearLayer(p, 'mlp.fc1', layerNormLayer(p, 'layer_norm2', seen, normEps), config.intermediateSize)
  return add(linearLayer(p, 'mlp.fc2', activations[config.activation](wide), width), seen)
}

const activations: Readonly<Record<TextConfig['activation'], (x: Value) => Value>> = {
  gelu,
  quick_gelu: x => mul(x, sigmoid(mul(x, constant(f32(Float32Array.of(1.702), []))))),
}
