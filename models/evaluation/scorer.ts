import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import type { NetworkPart } from '../checkpoint/checkpoint.ts'
import { UserError } from '../errors.ts'
import { toOnnx } from '../graph/onnx/write.ts'
import { input } from '../graph/value.ts'
import { pictureVector, type ScorerConfig, scale, textVector } from '../networks/scorer/scorer.ts'
import { parametersOf } from '../pipelines/parameters.ts'
import { loadTokenizer, type Tokenizer, type TokenizerFiles } from '../prompt/tokenizer.ts'
import { openSession } from '../runtime/session.ts'
import { readHeader } from '../tensor/safetensors/header.ts'
import { readTensor } from '../tensor/safetensors/read.ts'
import { f32, i64 } from '../tensor/tensor.ts'
import { firstChunk } from '../training/first-chunk.ts'
import { scorerKey, tokenizerFolder } from '../training/results/scorer.ts'
import type { Features } from './statistics/features.ts'

/** Puts pictures and texts in one space; see the network. */
export interface Scorer {
  /** Pictures f32 [n, 3, h, w] in -1..1 as vectors of length 1, a row each. */
  pictures(
    pixels: Float32Array,
    shape: readonly [n: number, channels: 3, height: number, width: number],
  ): Promise<Features>
  /** Captions as such vectors. */
  texts(captions: readonly string[]): Promise<Features>
  /** What products of vectors are multiplied by before they are compared. */
  readonly scale: number
  /** Side that pictures' sides must divide by. */
  readonly factor: number
}

const size = z.int().min(1).max(65_536)
const config = z.object({
  channels: z.array(size.multipleOf(4)).min(1).max(10),
  text: z.object({
    ...{ vocabSize: size, hiddenSize: size, intermediateSize: size, projection: size },
    ...{ layers: size.max(100), heads: size.max(1024), positions: size.max(1024) },
    activation: z.enum(['quick_gelu', 'gelu']),
    normEps: z.number().positive().max(0.1),
  }),
})

/**
 * Opens a scorer that `train` has made, until `closing` is disposed of.
 * @param own the tokenizer of the base, for a scorer that has none beside it
 * @throws UserError where it is none, is damaged, or has another tokenizer
 */
export async function openScorer(
  path: string,
  own: TokenizerFiles | undefined,
  closing: AsyncDisposableStack,
): Promise<Scorer> {
  const { entries, metadata } = await readHeader(path)
  const shape = configOf(metadata[scorerKey])
  if (!shape) throw new UserError(`${path} is not a scorer.`, 'Choose one that the objective contrast has made.')
  const tokenizer = await tokenizerOf(path, shape, own)
  const part: NetworkPart = { name: 'scorer', noun: 'scorer', table: entries, keyOf: name => name }
  const parameters = parametersOf(part)
  const { positions, projection: width } = shape.text

  const free = ['batch', null, 'height', 'width']
  const picture = pictureVector(shape, parameters, input('picture', { shape: [1, 3, 64, 64], dtype: 'f32' }, free))
  const ids = input('ids', { shape: [1, positions], dtype: 'i64' }, ['batch'])
  const caption = textVector(shape, parameters, ids, input('ends', { shape: [1], dtype: 'i64' }, ['batch']))
  const eye = await openSession(toOnnx({ vector: picture }))
  closing.defer(() => eye.release())
  const reader = await openSession(toOnnx({ vector: caption }))
  closing.defer(() => reader.release())
  scale(parameters)
  const { data } = await readTensor(entries.get('logit_scale') as NonNullable<ReturnType<typeof entries.get>>)
  return {
    scale: Math.exp(Number(data[0])),
    factor: 2 ** shape.channels.length,
    async pictures(pixels, sides) {
      const { vector } = await eye.run({ picture: f32(pixels, sides) })
      return { rows: vector?.data as Float32Array, width }
    },
    async texts(captions) {
      const rows = captions.map(text => firstChunk(text, tokenizer, positions))
      const { vector } = await reader.run({
        ids: i64(rows.flat(), [rows.length, positions]),
        ends: i64(rows.map((row, i) => i * positions + row.indexOf(tokenizer.eos))),
      })
      return { rows: vector?.data as Float32Array, width }
    },
  }
}

function configOf(text: string | undefined): ScorerConfig | undefined {
  try {
    return config.parse(JSON.parse(text ?? ''))
  } catch {
    return undefined
  }
}

async function tokenizerOf(path: string, { text }: ScorerConfig, own: TokenizerFiles | undefined): Promise<Tokenizer> {
  const folder = join(dirname(path), tokenizerFolder)
  const beside = { vocab: join(folder, 'vocab.json'), merges: join(folder, 'merges.txt') }
  const files = existsSync(beside.vocab) ? beside : own
  const tokenizer = files && (await loadTokenizer(files))
  if (tokenizer && tokenizer.eos + 1 === text.vocabSize) return tokenizer
  throw new UserError(
    `${path} does not know how its texts are cut.`,
    'Put the tokenizer folder that was made with it beside it.',
  )
}
