/** How a text encoder takes its tokens. */
export interface ChunkShape {
  /** Tokens of a chunk, begin and end included: 77 for CLIP, 24 for the demo model. At least 3. */
  readonly positions: number
  readonly bos: number
  readonly eos: number
  readonly pad: number
}

/** A stretch of a prompt in tokens: ids of one weight, vectors that stand in for tokens and stay together, or the end of a chunk. */
export type Piece =
  | { readonly ids: readonly number[]; readonly weight: number }
  | { readonly vectors: readonly Float32Array[]; readonly weight: number }
  | 'break'

/** What a text encoder reads at once, begin, end and padding included. */
export interface Chunk {
  readonly ids: readonly number[]
  /** Of each position. */
  readonly weights: readonly number[]
  /** By position, what stands there in place of the token's own vector: f32 [width]. */
  readonly vectors: ReadonlyMap<number, Float32Array>
}

/** Stands where a vector takes a token's place. */
const placeholder = 0

/**
 * Cuts a prompt into chunks of `positions`: begin, up to positions - 2 tokens, end, padding. A prompt of any length is
 * kept whole; one without tokens makes one chunk, and a `break` ends a chunk even where it is empty. Vectors that
 * belong together do not fall apart where they fit into one chunk.
 */
export function chunkPrompt(pieces: readonly Piece[], shape: ChunkShape): Chunk[] {
  const room = shape.positions - 2
  if (!(room >= 1)) throw new RangeError(`A chunk of ${shape.positions} positions has no room for a token.`)
  const chunks: Chunk[] = []
  let tokens: Token[] = []
  const close = () => {
    chunks.push(closed(tokens, shape))
    tokens = []
  }
  for (const piece of pieces) {
    if (piece === 'break') {
      close()
      continue
    }
    const { weight } = piece
    const own: Token[] =
      'ids' in piece
        ? piece.ids.map(id => ({ id, weight }))
        : piece.vectors.map(vector => ({ id: placeholder, weight, vector }))
    if ('vectors' in piece && tokens.length > 0 && tokens.length + own.length > room) close()
    for (const token of own) {
      if (tokens.length === room) close()
      tokens.push(token)
    }
  }
  if (tokens.length > 0 || chunks.length === 0) close()
  return chunks
}

interface Token {
  readonly id: number
  readonly weight: number
  readonly vector?: Float32Array
}

function closed(tokens: readonly Token[], { positions, bos, eos, pad }: ChunkShape): Chunk {
  const ids = [bos, ...tokens.map(({ id }) => id), eos]
  const rest = positions - ids.length
  return {
    ids: [...ids, ...Array<number>(rest).fill(pad)],
    weights: [1, ...tokens.map(({ weight }) => weight), 1, ...Array<number>(rest).fill(1)],
    vectors: new Map(tokens.flatMap(({ vector }, i) => (vector ? [[i + 1, vector]] : []))),
  }
}

/** Chunks every text; those of fewer chunks get empty ones, since all passes of a step share one token count. */
export function chunkTexts(texts: readonly (readonly Piece[])[], shape: ChunkShape): Chunk[][] {
  const cut = texts.map(pieces => chunkPrompt(pieces, shape))
  const count = Math.max(...cut.map(({ length }) => length))
  return cut.map(chunks => [...chunks, ...Array.from({ length: count - chunks.length }, () => emptyChunk(shape))])
}

/** The chunk of an empty prompt. */
export const emptyChunk = (shape: ChunkShape): Chunk => closed([], shape)
