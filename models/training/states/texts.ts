import { join } from 'node:path'
import type { Pipeline } from '../../pipelines/assemble.ts'
import { condition } from '../../pipelines/condition.ts'
import { chunkPrompt } from '../../prompt/chunks.ts'
import { piecesOf } from '../../prompt/embeddings.ts'
import type { Setting } from '../objectives/objective.ts'
import type { RunFolder } from '../run/folder.ts'
import { openStore, type Store } from './store.ts'

/** What the base is told of each text, on disk. */
export interface Texts {
  /** Tokens and width of the states. */
  readonly tokens: number
  readonly width: number
  /** Width of the pooled text; 0 but for SDXL. */
  readonly pooled: number
  readonly store: Store<'states' | 'mean' | 'pooled'>
}

/**
 * Encodes texts once, each as far as one chunk reaches: all examples of a batch have equally many tokens. The empty text is
 * what the base was trained with where there is no prompt.
 */
export async function encodeTexts(
  pipeline: Pipeline,
  texts: readonly string[],
  {
    folder,
    signal,
    tell,
    closing,
  }: Pick<Setting, 'signal' | 'tell' | 'closing'> & { folder: Pick<RunFolder, 'cache'> },
): Promise<Texts> {
  const { base, encoders } = pipeline
  const width = encoders.reduce((sum, { config }) => sum + config.hiddenSize, 0)
  const tokens = encoders[0]?.config.positions ?? 0
  const encode = (prompt: string) => condition(pipeline, { prompt, guided: false, clipSkip: 1 })
  const pooled = (await encode('')).pooled?.positive.length ?? 0
  const store = await openStore(
    join(folder.cache, 'texts'),
    {
      key: JSON.stringify([base.path, texts]),
      count: texts.length,
      // A field of no numbers cannot be told from one that is not yet written.
      fields: { states: tokens * width, mean: width, pooled: Math.max(pooled, 1) },
    },
    closing,
  )
  for (let index = store.written(); index < texts.length; index++) {
    signal?.throwIfAborted()
    const text = texts[index] as string
    const told = await encode(inOneChunk(text, encoders))
    const silent = text === '' && base.zeroNegative
    const own = (values: Float32Array) => (silent ? new Float32Array(values.length) : values)
    await store.append({
      states: own(told.positive),
      mean: own(told.means.positive),
      pooled: own(told.pooled?.positive ?? new Float32Array(1)),
    })
    tell('reading the prompts', index + 1, texts.length)
  }
  return { tokens, width, pooled, store }
}

/** The beginning of a prompt that every encoder takes in one chunk, up to a whole word where it has several. */
export function inOneChunk(text: string, encoders: Pipeline['encoders']): string {
  const fits = (part: string) =>
    encoders.every(
      ({ tokenizer, config }) =>
        chunkPrompt(piecesOf(part, tokenizer), { ...tokenizer, positions: config.positions }).length === 1,
    )
  if (fits(text)) return text
  const letters = [...text]
  const first = (count: number) => letters.slice(0, count).join('')
  let [fitting, tooMany] = [0, letters.length]
  while (tooMany - fitting > 1) {
    const middle = Math.floor((fitting + tooMany) / 2)
    if (fits(first(middle))) fitting = middle
    else tooMany = middle
  }
  return first(fitting).replace(/\s+\S*$/, '')
}
