import { chunkPair, chunkPrompt } from '../prompt/chunks.ts'
import { i64 } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import { requireFinite } from './finite.ts'

/** What the network is told: f32 [tokens, width] of each prompt, with equally many tokens. */
export interface Conditioning {
  readonly tokens: number
  readonly width: number
  readonly positive: Float32Array
  /** None where the method does not ask for it. */
  readonly negative?: Float32Array | undefined
  /** What a guide is told: each prompt's mean state [width], from its first token to its first end token. */
  readonly means: { readonly positive: Float32Array; readonly negative?: Float32Array | undefined }
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
  const width = text.hiddenSize
  const size = tokens * width
  const given = {
    positive: states.data.slice(0, size),
    negative: negative === undefined ? undefined : states.data.slice(size),
  }
  const mean = (chunks: readonly (readonly number[])[], of: Float32Array) => meanState(chunks, of, tokenizer.eos)
  return {
    tokens,
    width,
    ...given,
    means: {
      positive: mean(pair.positive, given.positive),
      negative: given.negative && mean(pair.negative, given.negative),
    },
  }
}

/** The mean over each chunk's tokens up to its first end token; chunks that only fill up do not count. */
function meanState(chunks: readonly (readonly number[])[], states: Float32Array, eos: number): Float32Array {
  const positions = chunks.flatMap((chunk, i) => {
    const filler = i > 0 && chunk[1] === eos
    const first = i * chunk.length
    return filler ? [] : Array.from({ length: chunk.indexOf(eos) + 1 }, (_, position) => first + position)
  })
  const width = states.length / chunks.flat().length
  return Float32Array.from({ length: width }, (_, column) => {
    const sum = positions.reduce((total, position) => total + (states[position * width + column] as number), 0)
    return sum / positions.length
  })
}
