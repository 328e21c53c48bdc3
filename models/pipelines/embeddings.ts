import { asEmbedding } from '../checkpoint/as-embedding.ts'
import { describeModel } from '../checkpoint/describe.ts'
import { UserError } from '../errors.ts'
import type { PromptEmbedding } from '../prompt/embeddings.ts'
import { readTensor } from '../tensor/safetensors/read.ts'
import type { TextEncoder } from './encoders.ts'

/** An embedding's file, and what prompts call it. */
export interface NamedEmbedding {
  readonly name: string
  /** Absolute. */
  readonly path: string
}

/** An embedding in memory. */
export interface Embedding {
  readonly name: string
  /** For each text encoder of its base, its vectors: f32 [width] each, equally many. */
  readonly vectors: readonly (readonly Float32Array[])[]
}

/** Reads embeddings for a base's encoders. Throws `UserError` where one does not fit or its file is damaged. */
export async function loadEmbeddings(
  named: readonly NamedEmbedding[],
  encoders: readonly Pick<TextEncoder, 'config'>[],
): Promise<Embedding[]> {
  return Promise.all(named.map(embedding => load(embedding, encoders)))
}

async function load({ name, path }: NamedEmbedding, encoders: readonly Pick<TextEncoder, 'config'>[]) {
  const { count, matrices } = asEmbedding(await describeModel(path))
  const [own, wanted] = [
    matrices.map(({ shape }) => shape[1] as number),
    encoders.map(({ config }) => config.hiddenSize),
  ]
  if (own.join() !== wanted.join())
    throw new UserError(
      `The embedding ${name} holds vectors of ${own.join(' and ')} numbers, and this base's text takes ${wanted.join(' and ')}.`,
      'Take its name out of the prompt, or choose a base of its family.',
    )
  const room = Math.min(...encoders.map(({ config }) => config.positions - 2))
  if (count > room)
    throw new UserError(
      `The embedding ${name} takes the place of ${count} tokens, and this base reads ${room} at once.`,
      'Take its name out of the prompt.',
    )
  const vectors = await Promise.all(
    matrices.map(async entry => {
      const { data } = await readTensor(entry)
      const width = entry.shape[1] as number
      if (!(data instanceof Float32Array) || !data.every(Number.isFinite))
        throw new UserError(`The embedding ${name} contains NaN; it is damaged.`, 'Download it again.')
      return Array.from({ length: count }, (_, row) => data.subarray(row * width, (row + 1) * width))
    }),
  )
  return { name, vectors }
}

/** Embeddings as one of a base's encoders takes them. */
export const vectorsFor = (embeddings: readonly Embedding[], encoder: number): PromptEmbedding[] =>
  embeddings.map(({ name, vectors }) => ({ name, vectors: vectors[encoder] ?? [] }))
