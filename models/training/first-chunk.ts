import { chunkPrompt } from '../prompt/chunks.ts'
import type { Tokenizer } from '../prompt/tokenizer.ts'

/** A caption as one chunk of token ids; what is beyond its end is cut. Captions are plain text: brackets are no weights. */
export function firstChunk(caption: string, tokenizer: Tokenizer, positions: number): readonly number[] {
  const [chunk] = chunkPrompt([{ ids: tokenizer.encode(caption), weight: 1 }], { ...tokenizer, positions })
  return chunk?.ids ?? []
}
