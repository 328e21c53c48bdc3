import { UserError } from '../../errors.ts'
import { withFile } from '../../tensor/safetensors/open.ts'
import { sizeText } from '../../tensor/safetensors/size-text.ts'
import { below, between, generatorAt, stream } from '../random.ts'

const mostBytes = 64_000_000

/** The prompts of a text file: one a line; empty lines and those that begin with `#` do not count. Throws `UserError`. */
export async function readPrompts(path: string): Promise<string[]> {
  const text = await withFile(path, async ({ handle, size }) => {
    if (size > mostBytes) throw new UserError(`${path} has ${sizeText(size)}, more than a list of prompts may take.`)
    return decoded(await handle.readFile(), path)
  })
  const prompts = promptsIn(text)
  if (prompts.length === 0) throw new UserError(`${path} holds no prompts.`, 'Write one a line.')
  return prompts
}

function decoded(bytes: Uint8Array, path: string): string {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    if (!text.includes('\0')) return text
  } catch {
    // Said below.
  }
  throw new UserError(`${path} is no text file.`, 'Save it as UTF-8, one prompt a line.')
}

/** The prompts of a text, as of a file. */
export function promptsIn(text: string): string[] {
  const lines = text.split('\n').map(line => line.trim())
  return [...new Set(lines.filter(line => line !== '' && !line.startsWith('#')))]
}

/** Prompts, and what they may be told to avoid. */
export interface PromptTable {
  /** All texts; the first is the empty one. */
  readonly texts: readonly string[]
  /** The place of one of the texts. */
  placeOf(text: string): number
  /** A prompt and its negative prompt as places in `texts`; the same for the same numbers. */
  draw(...place: readonly number[]): { positive: number; negative: number }
}

/**
 * Pairs prompts with negative ones: a share of them with a part of another prompt or, as often, a whole one; the others
 * with the empty text.
 * @param captions texts that have a place beside the prompts
 */
export function promptTable(
  prompts: readonly string[],
  { negatives, seed, captions = [] }: { negatives: number; seed: number; captions?: readonly string[] | undefined },
): PromptTable {
  const texts = [...new Set(['', ...prompts, ...prompts.flatMap(partsOf), ...captions])]
  const places = new Map(texts.map((text, place) => [text, place]))
  const placeOf = (text: string) => places.get(text) as number
  const parts = [...new Set(prompts.flatMap(partsOf))]
  return {
    texts,
    placeOf,
    draw(...place) {
      const generator = generatorAt(seed, stream.captions, ...place)
      const one = (list: readonly string[]) => placeOf(list[below(generator, list.length)] as string)
      const positive = one(prompts)
      const isNegative = between(generator, 0, 1) < negatives
      const isPart = between(generator, 0, 1) < 0.5 && parts.length > 0
      return { positive, negative: isNegative ? one(isPart ? parts : prompts) : 0 }
    },
  }
}

/** What a prompt is made of: what one may wish to avoid. */
const partsOf = (prompt: string): string[] =>
  prompt
    .split(/,\s*| on (?=an? )| in (?=the |an? )| next to | above /)
    .filter((part, _, { length }) => length > 1 && part !== '')
