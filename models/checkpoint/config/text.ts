import type { TextConfig } from '../../networks/text/config.ts'
import type { NetworkPart } from '../checkpoint.ts'
import { textLayers } from '../structure.ts'
import { Fields, requireDivides, shapeOf } from './fields.ts'

/** Every published CLIP text encoder has heads of 64 channels; shapes do not show them. */
const headSize = 64

/**
 * Configuration of a CLIP text encoder from its tensors, completed by config.json where there is one.
 * @throws UserError that names the tensor or the setting that is missing, absurd, contradictory or not supported
 */
export const textConfig = (part: NetworkPart): TextConfig => {
  const fields = new Fields(part)
  const [vocabSize, hiddenSize] = shapeOf(part, 'text_model.embeddings.token_embedding.weight', 2) as [number, number]
  const positions = shapeOf(part, 'text_model.embeddings.position_embedding.weight', 2)[0] as number
  const layers = textLayers([...part.table.keys()])
  const intermediateSize = shapeOf(part, 'text_model.encoder.layers.0.mlp.fc1.weight', 2)[0] as number

  fields.agree('vocab_size', vocabSize)
  fields.agree('hidden_size', hiddenSize)
  fields.agree('intermediate_size', intermediateSize)
  fields.agree('num_hidden_layers', layers)
  fields.agree('max_position_embeddings', positions)

  const heads = fields.integer('num_attention_heads', Math.max(1, Math.floor(hiddenSize / headSize)), 1, 1024)
  requireDivides(part, 'heads', heads, hiddenSize)
  const projection = projectionOf(part)
  if (projection !== undefined) fields.agree('projection_dim', projection)
  return {
    vocabSize,
    hiddenSize,
    intermediateSize,
    layers,
    heads,
    positions,
    activation: fields.word('hidden_act', 'quick_gelu', ['quick_gelu', 'gelu']),
    normEps: fields.number('layer_norm_eps', 1e-5, 0, 0.1),
    ...(projection !== undefined && { projection }),
  }
}

/** Numbers that the projection of the pooled state gives; none where the encoder has no projection. */
const projectionOf = (part: NetworkPart): number | undefined => {
  const name = 'text_projection.weight'
  if (!part.table.has(name)) return undefined
  return shapeOf(part, name, 2)[part.transposed?.has(name) ? 1 : 0]
}
