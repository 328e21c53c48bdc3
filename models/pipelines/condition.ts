import { chunkPair, chunkPrompt } from '../prompt/chunks.ts'
import { i64 } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import { requireFinite } from './finite.ts'

/** What the network is told: f32 [tokens, width] of each prompt, with equally many tokens. */
export interface Conditioning {
  readonly tokens: number
  readonly width: number
  readonly positive: Float32Array
  /** None where no pass is made with it. */
  readonly negative?: Float32Array | undefined
}

/**
 * Prompt and negative prompt as text encoder states. A prompt of several chunks gives their states one after
 * another; the shorter of the two is filled with empty chunks. Without a negative prompt the prompt stands alone.
 */
export async function condition(
  pipeline: Pipeline,
  { prompt, negative, clipSkip }: { prompt: string; negative?: string | undefined; clipSkip: number },
): Promise<Conditioning> {
  const { tokenizer, text } = pipeline
  const shape = { ...tokenizer, ...text }
  const ids = tokenizer.encode(prompt)
  const pair =
    negative === undefined
      ? { positive: chunkPrompt(ids, shape), negative: [] }
      : chunkPair(ids, tokenizer.encode(negative), shape)
  const rows = [...pair.positive, ...pair.negative]

  const session = await pipeline.sessions.text(clipSkip)
  const { states } = await session.run({ ids: i64(rows.flat(), [rows.length, text.positions]) })
  if (states?.dtype !== 'f32') throw new Error('the text encoder gave no states')
  await requireFinite(states.data, 'The text encoder', pipeline.base.textEncoders)
  const tokens = pair.positive.length * text.positions
  const size = tokens * text.hiddenSize
  return {
    tokens,
    width: text.hiddenSize,
    positive: states.data.slice(0, size),
    negative: negative === undefined ? undefined : states.data.slice(size),
  }
}
