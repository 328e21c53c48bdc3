/** How a text encoder takes its tokens. */
export interface ChunkShape {
  /** Tokens of a chunk, begin and end included: 77 for CLIP, 24 for the demo model. At least 3. */
  readonly positions: number
  readonly bos: number
  readonly eos: number
  readonly pad: number
}

/**
 * Cuts a prompt's ids into chunks of `positions`: begin, up to positions - 2 ids, end, padding. A prompt of any length
 * is kept whole; one without ids makes one chunk.
 */
export function chunkPrompt(ids: readonly number[], { positions, bos, eos, pad }: ChunkShape): number[][] {
  const room = positions - 2
  if (!(room >= 1)) throw new RangeError(`A chunk of ${positions} positions has no room for a token.`)
  const count = Math.max(1, Math.ceil(ids.length / room))
  return Array.from({ length: count }, (_, i) => {
    const chunk = [bos, ...ids.slice(i * room, (i + 1) * room), eos]
    return [...chunk, ...Array<number>(positions - chunk.length).fill(pad)]
  })
}

/** The chunks of a prompt and of its negative prompt, equally many of each. */
export interface PromptPair {
  readonly positive: number[][]
  readonly negative: number[][]
}

/** Chunks both prompts; the shorter one gets empty chunks, since both passes of a step share one token count. */
export function chunkPair(positive: readonly number[], negative: readonly number[], shape: ChunkShape): PromptPair {
  const pair = { positive: chunkPrompt(positive, shape), negative: chunkPrompt(negative, shape) }
  const count = Math.max(pair.positive.length, pair.negative.length)
  for (const chunks of Object.values(pair)) {
    while (chunks.length < count) chunks.push(...chunkPrompt([], shape))
  }
  return pair
}
