import type { NetworkPart } from '../checkpoint/checkpoint.ts'
import { UserError } from '../errors.ts'
import type { TextConfig } from '../networks/text/config.ts'
import { type Chunk, chunkTexts, emptyChunk } from '../prompt/chunks.ts'
import { piecesOf } from '../prompt/embeddings.ts'
import { extraNetworks } from '../prompt/extra-networks.ts'
import { type Weighting, weigh } from '../prompt/weighting.ts'
import type { Session } from '../runtime/session.ts'
import { f32, i64, type Tensor } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import { type Embedding, vectorsFor } from './embeddings.ts'
import { isPooled, type TextEncoder } from './encoders.ts'
import { requireFinite } from './finite.ts'
import { join } from './join.ts'

/** One thing of each prompt; none of the negative prompt where the method does not ask for it. */
export interface OfBoth {
  readonly positive: Float32Array
  readonly negative?: Float32Array | undefined
}

/** What the network is told: f32 [tokens, width] of each prompt, with equally many tokens. */
export interface Conditioning extends OfBoth {
  readonly tokens: number
  readonly width: number
  /** The pooled text of each prompt, f32 [size]; SDXL's alone. */
  readonly pooled?: OfBoth | undefined
  /** What a guide is told: each prompt's mean state [width], from its first token to its first end token. */
  readonly means: OfBoth
}

export interface Prompts {
  readonly prompt: string
  /** Where it is left out, SDXL is told zeros and the other families an empty text. */
  readonly negative?: string | undefined
  /** Whether the method asks for the negative prompt. */
  readonly guided: boolean
  readonly clipSkip: number
  /** What the prompts may name. */
  readonly embeddings?: readonly Embedding[] | undefined
  /** How weights of tokens act; A1111's way where it is left out. */
  readonly weighting?: Weighting | undefined
}

/** Does a part of the work; it may be told to people, timed, or not done at all after a cancel. */
type Phase = <T>(phase: 'load' | 'text', work: () => Promise<T>) => Promise<T>

/** What is told of one prompt. */
interface Told {
  /** [tokens, width] */
  readonly states: Float32Array
  readonly mean: Float32Array
  readonly pooled?: Float32Array | undefined
}

/**
 * Prompt and negative prompt, in A1111's grammar, as text encoder states. A prompt of several chunks gives their states
 * one after another; the shorter of the two is filled with empty chunks. Without a negative prompt the prompt stands
 * alone. Two encoders' states stand side by side; they run one after the other, so one can take the other's place in
 * memory. Throws `UserError` where an embedding does not fit the base, or a weight is out of all proportion.
 */
export async function condition(
  pipeline: Pipeline,
  { prompt, negative, guided, clipSkip, embeddings = [], weighting }: Prompts,
  phase: Phase = (_, work) => work(),
): Promise<Conditioning> {
  const { base, encoders, sessions } = pipeline
  const zeros = guided && negative === undefined && base.zeroNegative
  const { text } = extraNetworks(prompt)
  const texts = guided && !zeros ? ([text, negative ?? ''] as const) : ([text] as const)
  const parts: Told[][] = []
  for (const [index, encoder] of encoders.entries()) {
    const session = await phase('load', () => sessions.text(clipSkip, index))
    const suspects = [...pipeline.loras.map(({ part }) => part), encoder.part]
    const named = vectorsFor(embeddings, index)
    const pieces = texts.map(text => piecesOf(text, encoder.tokenizer, named))
    const chunks = chunkTexts(pieces, { ...encoder.tokenizer, ...encoder.config })
    parts.push(
      await phase('text', () =>
        encode(session, encoder, chunks, { isPooled: isPooled(base, index), weighting, suspects }),
      ),
    )
  }
  const widths = encoders.map(({ config }) => config.hiddenSize)
  const told = texts.map((_, i) =>
    sideBySide(
      parts.map(part => part[i] as Told),
      widths,
    ),
  )
  const [positive, other] = told as [Told, Told?]
  const opposite = zeros ? silent(positive) : other
  const width = widths.reduce((sum, size) => sum + size, 0)
  return {
    tokens: positive.states.length / width,
    width,
    positive: positive.states,
    negative: opposite?.states,
    pooled: positive.pooled && { positive: positive.pooled, negative: opposite?.pooled },
    means: { positive: positive.mean, negative: opposite?.mean },
  }
}

/** What one encoder makes of each text, which is given in equally many chunks. */
async function encode(
  session: Session,
  { config, tokenizer }: TextEncoder,
  texts: readonly (readonly Chunk[])[],
  {
    isPooled,
    weighting,
    suspects,
  }: { isPooled: boolean; weighting: Weighting | undefined; suspects: readonly NetworkPart[] },
): Promise<Told[]> {
  const chunks = texts.flat()
  const { states, pooled } = await session.run({
    ...feeds([...chunks, ...(weighting === 'comfy' ? [emptyChunk({ ...tokenizer, ...config })] : [])], config),
    ...(isPooled && { ends: endsOf(chunks, tokenizer.eos) }),
  })
  if (states?.dtype !== 'f32') throw new Error('the text encoder gave no states')
  await requireFinite(states.data, 'The text encoder', suspects)
  const size = config.positions * config.hiddenSize
  const ofChunk = (data: Float32Array, chunk: number) => data.subarray(chunk * size, (chunk + 1) * size)
  const empty = ofChunk(states.data, chunks.length)
  return texts.map((own, i) => {
    const first = i * own.length
    const weighted = own.map(({ weights }, chunk) =>
      weigh(ofChunk(states.data, first + chunk), weights, weighting, empty),
    )
    if (!weighted.every(part => part.every(Number.isFinite)))
      throw new UserError('The weights in this prompt are out of all proportion.', 'Choose weights from 0 to 2.')
    const all = join(weighted)
    const told = { states: all, mean: meanState(own, all, tokenizer.eos) }
    if (pooled?.dtype !== 'f32') return told
    // Of a text of several chunks the first speaks for it, as in A1111; weights do not act on it.
    const width = pooled.data.length / chunks.length
    return { ...told, pooled: pooled.data.slice(first * width, (first + 1) * width) }
  })
}

/** Chunks as a text encoder's graph takes them. */
function feeds(chunks: readonly Chunk[], { positions, hiddenSize: width }: TextConfig): Record<string, Tensor> {
  const rows = chunks.length
  const vectors = new Float32Array(rows * positions * width)
  const kept = new Float32Array(rows * positions).fill(1)
  for (const [row, chunk] of chunks.entries())
    for (const [position, vector] of chunk.vectors) {
      const at = row * positions + position
      vectors.set(vector, at * width)
      kept[at] = 0
    }
  const ids = chunks.flatMap(chunk => chunk.ids)
  return {
    ids: i64(ids, [rows, positions]),
    vectors: f32(vectors, [rows, positions, width]),
    kept: f32(kept, [rows, positions, 1]),
  }
}

/** Where the first end token of each chunk stands, counted over all. */
const endsOf = (chunks: readonly Chunk[], eos: number): Tensor =>
  i64(chunks.map(({ ids }, i) => i * ids.length + ids.indexOf(eos)))

/** What several encoders make of one text: the numbers of each token one after another, and the one pooled text. */
function sideBySide(parts: readonly Told[], widths: readonly number[]): Told {
  const [first] = parts as [Told]
  if (parts.length === 1) return first
  const tokens = new Set(parts.map(({ states }, i) => states.length / (widths[i] as number)))
  if (tokens.size > 1)
    throw new UserError(
      "The model's tokenizers cut this prompt into pieces of different lengths.",
      'Choose a shorter one.',
    )
  const columns = (of: readonly Float32Array[]) => {
    const rows = (of[0] as Float32Array).length / (widths[0] as number)
    const cut = (part: Float32Array, width: number, row: number) => [...part.subarray(row * width, (row + 1) * width)]
    return Float32Array.from(
      Array.from({ length: rows }, (_, row) => of.flatMap((part, i) => cut(part, widths[i] as number, row))).flat(),
    )
  }
  return {
    states: columns(parts.map(({ states }) => states)),
    mean: columns(parts.map(({ mean }) => mean)),
    pooled: parts.find(({ pooled }) => pooled)?.pooled,
  }
}

/** Zeros in place of everything that is told of a text. */
const silent = ({ states, mean, pooled }: Told): Told => ({
  states: new Float32Array(states.length),
  mean: new Float32Array(mean.length),
  pooled: pooled && new Float32Array(pooled.length),
})

/** The mean over each chunk's tokens up to its first end token; chunks that only fill up do not count. */
function meanState(chunks: readonly Chunk[], states: Float32Array, eos: number): Float32Array {
  const positions = chunks.flatMap(({ ids }, i) => {
    const filler = i > 0 && ids[1] === eos
    const first = i * ids.length
    return filler ? [] : Array.from({ length: ids.indexOf(eos) + 1 }, (_, position) => first + position)
  })
  const width = states.length / chunks.reduce((sum, { ids }) => sum + ids.length, 0)
  return Float32Array.from({ length: width }, (_, column) => {
    const sum = positions.reduce((total, position) => total + (states[position * width + column] as number), 0)
    return sum / positions.length
  })
}
