import { type KeyPair, parameters, under } from '../../key-map.ts'
import { countOf } from '../../structure.ts'
import type { LdmText } from './text.ts'

const layer: readonly KeyPair[] = [
  ['ln_1', 'layer_norm1'],
  ['ln_2', 'layer_norm2'],
  ['mlp.c_fc', 'mlp.fc1'],
  ['mlp.c_proj', 'mlp.fc2'],
  ['attn.out_proj', 'self_attn.out_proj'],
]

/** PyTorch's attention keeps its three projections in one tensor: rows of q, then of k, then of v. */
const fused: readonly KeyPair[] = ['weight', 'bias'].flatMap(kind =>
  ['q_proj', 'k_proj', 'v_proj'].map(
    (projection, third): KeyPair => [`attn.in_proj_${kind}`, `self_attn.${projection}.${kind}`, { third }],
  ),
)

const block = [...parameters(layer), ...fused]

const ends: readonly KeyPair[] = [
  ['token_embedding.weight', 'text_model.embeddings.token_embedding.weight'],
  ['positional_embedding', 'text_model.embeddings.position_embedding.weight'],
  ...parameters([['ln_final', 'text_model.final_layer_norm']]),
]

const blocksOf = (names: readonly string[]): number => countOf(names, /^transformer\.resblocks\.(\d+)\./)

/** What the shapes do not show: the activation is GELU itself, CLIP's own an estimate of it. */
const config = { hidden_act: 'gelu' }

/** Every parameter of an OpenCLIP text encoder (Ilharco et al. 2021) of so many blocks, with its transformers name. */
const openClipPairs = (layers: number): KeyPair[] => [
  ...ends,
  ...Array.from({ length: layers }, (_, i) =>
    under(`transformer.resblocks.${i}`, `text_model.encoder.layers.${i}`, block),
  ).flat(),
]

/** Blocks of ViT-H, the OpenCLIP of every published SD 2.x. */
const vitHBlocks = 24

/**
 * SD 2.x's encoder. It takes the states before the last block, so folders leave that block out, and so does this map.
 * A file that was made of a folder does not have the block: it lacks as well what only follows it, projection and scale.
 */
export const penultimateOpenClip = (prefix: string): LdmText => ({
  prefix,
  config,
  pairs(names) {
    const blocks = blocksOf(names)
    const isWhole = blocks === vitHBlocks || names.some(name => /^(?:text_projection|logit_scale)\b/.test(name))
    return openClipPairs(isWhole ? Math.max(1, blocks - 1) : blocks)
  },
  unused: names => {
    const last = `transformer.resblocks.${blocksOf(names) - 1}.`
    return names.filter(name => name.startsWith(last) || /^text_projection\b/.test(name))
  },
})

/** SDXL's second encoder, with its projection, which is stored as the matrix that a state is multiplied by. */
export const projectedOpenClip = (prefix: string): LdmText => ({
  prefix,
  config,
  pairs: names => [
    ...openClipPairs(blocksOf(names)),
    names.includes('text_projection.weight')
      ? ['text_projection.weight', 'text_projection.weight']
      : ['text_projection', 'text_projection.weight', 'transposed'],
  ],
})
