import { UserError } from '../errors.ts'
import type { TensorEntry } from '../tensor/entry.ts'
import { elements, shapeText } from '../tensor/tensor.ts'
import { requireWeights } from './as-base.ts'
import type { ModelDescription } from './checkpoint.ts'

/** A textual inversion: for each text encoder a matrix [vectors, width]. */
export interface EmbeddingCheckpoint {
  readonly path: string
  /** How many tokens it takes the place of. */
  readonly count: number
  /** In the order of a base's encoders; each f32, f16 or bf16 [count, width]. */
  readonly matrices: readonly TensorEntry[]
}

/**
 * The description as an embedding: A1111's `emb_params`, diffusers' one tensor under its token, or SDXL's `clip_l` and
 * `clip_g`.
 * @throws UserError in one sentence where it is something else, or damaged
 */
export function asEmbedding({ kind, path, ...model }: ModelDescription): EmbeddingCheckpoint {
  if (kind !== 'embedding' || !('entries' in model))
    throw new UserError('This is not an embedding (a textual inversion).', 'Choose a .safetensors file of one.')
  const { entries } = model
  requireWeights({ table: entries })
  const pair = ['clip_l', 'clip_g'].flatMap(key => entries.get(key) ?? [])
  const found = pair.length > 0 ? pair : [...entries.values()]
  if (pair.length === 0 && found.length !== 1)
    throw new UserError(`This file holds ${found.length} embeddings, which take the place of different words.`, oneEach)
  const matrices = found.map(matrixOf)
  const [count = 0, ...others] = matrices.map(({ shape }) => shape[0] as number)
  if (others.some(other => other !== count))
    throw new UserError(`The embedding is damaged: it holds ${[count, ...others].join(' and ')} vectors.`, again)
  return { path, count, matrices }
}

const again = 'Download it again.'
const oneEach = 'Look for one file of each.'

/** One vector may stand without its outer axis. */
function matrixOf(entry: TensorEntry): TensorEntry {
  const shape = entry.shape.length === 1 ? [1, ...entry.shape] : entry.shape
  if (shape.length !== 2 || elements(shape) === 0)
    throw new UserError(
      `The embedding is damaged: ${entry.key} has the shape ${shapeText(entry.shape)}, where vectors are needed.`,
      again,
    )
  return { ...entry, shape }
}
