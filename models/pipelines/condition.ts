import type { NetworkPart } from '../checkpoint/checkpoint.ts'
import { UserError } from '../errors.ts'
import { chunkPair, chunkPrompt } from '../prompt/chunks.ts'
import { extraNetworks } from '../prompt/extra-networks.ts'
import type { Session } from '../runtime/session.ts'
import { i64 } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import { isPooled, type TextEncoder } from './encoders.ts'
import { requireFinite } from './finite.ts'

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
 * Prompt and negative prompt as text encoder states. A prompt of several chunks gives their states one after
 * another; the shorter of the two is filled with empty chunks. Without a negative prompt the prompt stands alone.
 * Two encoders' states stand side by side; they run one after the other, so one can take the other's place in memory.
 */
export async function condition(
  pipeline: Pipeline,
  { prompt, negative, guided, clipSkip }: Prompts,
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
    parts.push(await phase('text', () => encode(session, encoder, texts, isPooled(base, index), suspects)))
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

/** What one encoder makes of each text. */
async function encode(
  session: Session,
  { config, tokenizer }: TextEncoder,
  [prompt, negative]: readonly [string, string?],
  isPooled: boolean,
  suspects: readonly NetworkPart[],
): Promise<Told[]> {
  const shape = { ...tokenizer, ...config }
  const ids = tokenizer.encode(prompt)
  const texts =
    negative === undefined
      ? [chunkPrompt(ids, shape)]
      : Object.values(chunkPair(ids, tokenizer.encode(negative), shape))
  const rows = texts.flat()
  const ends = rows.map((row, i) => i * config.positions + row.indexOf(tokenizer.eos))
  const { states, pooled } = await session.run({
    ids: i64(rows.flat(), [rows.length, config.positions]),
    ...(isPooled && { ends: i64(ends) }),
  })
  if (states?.dtype !== 'f32') throw new Error('the text encoder gave no states')
  await requireFinite(states.data, 'The text encoder', suspects)
  const size = states.data.length / texts.length
  return texts.map((chunks, i) => {
    const own = states.data.slice(i * size, (i + 1) * size)
    const told = { states: own, mean: meanState(chunks, own, tokenizer.eos) }
    if (pooled?.dtype !== 'f32') return told
    // Of a text of several chunks the first speaks for it, as in A1111.
    const first = i * chunks.length
    const width = pooled.data.length / rows.length
    return { ...told, pooled: pooled.data.slice(first * width, (first + 1) * width) }
  })
}

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
