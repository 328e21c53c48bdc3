import type { RawConfig } from '../../checkpoint.ts'
import { type KeyPair, parameters, same, under } from '../../key-map.ts'
import { countOf } from '../../structure.ts'

/** One text encoder of a single-file family. */
export interface LdmText {
  /** What stands before its keys. */
  readonly prefix: string
  /** Its key map, from the names found in the file (without prefix). */
  readonly pairs: (names: readonly string[]) => KeyPair[]
  /** What it is known to be beyond its shapes. */
  readonly config?: RawConfig
  /** Names that are part of the encoder and that this family has no use for. */
  readonly unused?: (names: readonly string[]) => string[]
}

const layer = same([
  'layer_norm1',
  'layer_norm2',
  'mlp.fc1',
  'mlp.fc2',
  'self_attn.q_proj',
  'self_attn.k_proj',
  'self_attn.v_proj',
  'self_attn.out_proj',
])

const embeddings: readonly KeyPair[] = same([
  'embeddings.token_embedding.weight',
  'embeddings.position_embedding.weight',
])

/** Every parameter of a CLIP text encoder with its transformers name; `root` is what stands for `text_model.`. */
const clipPairs = (layers: number, root: string): KeyPair[] => {
  const inner = [
    ...embeddings,
    ...Array.from({ length: layers }, (_, i) =>
      under(`encoder.layers.${i}`, `encoder.layers.${i}`, parameters(layer)),
    ).flat(),
    ...parameters(same(['final_layer_norm'])),
  ]
  return [
    ...inner.map(([file, name]): KeyPair => [root + file, `text_model.${name}`]),
    ['text_projection.weight', 'text_projection.weight'],
  ]
}

/**
 * Key map of the CLIP text encoder found in `names` (without prefix). Files that were saved from the inner module, as
 * many early ones were, lack `text_model.`.
 */
export const textPairs = (names: readonly string[]): KeyPair[] => {
  const root = names.some(name => name.startsWith('text_model.')) ? 'text_model.' : ''
  const layers = countOf(names, root ? /^text_model\.encoder\.layers\.(\d+)\./ : /^encoder\.layers\.(\d+)\./)
  return clipPairs(layers, root)
}

/** CLIP's own encoder, SD 1.x's only one and SDXL's first. */
export const clip = (prefix: string): LdmText => ({ prefix, pairs: textPairs })
