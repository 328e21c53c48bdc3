import { chunkPair } from '../prompt/chunks.ts'
import { type I64Tensor, i64 } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import { requireFinite } from './finite.ts'

/** What the network is told: f32 [tokens, width] of each prompt, with equally many tokens. */
export interface Conditioning {
  readonly tokens: number
  readonly width: number
  readonly positive: Float32Array
  readonly negative: Float32Array
}

/**
 * Prompt and negative prompt as text encoder states. A prompt of several chunks gives their states one after
 * another; the shorter of the two is filled with empty chunks.
 */
export async function condition(
  pipeline: Pipeline,
  { prompt, negative, clipSkip }: { prompt: string; negative: string; clipSkip: number },
): Promise<Conditioning> {
  const { tokenizer, text } = pipeline
  const pair = chunkPair(tokenizer.encode(prompt), tokenizer.encode(negative), { ...tokenizer, ...text })
  const rows = [...pair.positive, ...pair.negative]

  const session = await pipeline.sessions.text(clipSkip)
  const ids: I64Tensor = i64(rows.flat(), [rows.length, text.positions])
  const { states } = await session.run({ ids })
  if (states?.dtype !== 'f32') throw new Error('the text encoder gave no states')
  await requireFinite(states.data, 'The text encoder', pipeline.base.textEncoders)
  const half = states.data.length / 2
  return {
    tokens: pair.positive.length * text.positions,
    width: text.hiddenSize,
    positive: states.data.slice(0, half),
    negative: states.data.slice(half),
  }
}
