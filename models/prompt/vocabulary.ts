import { readFile, stat } from 'node:fs/promises'
import { UserError } from '../errors.ts'

/** Ids by token, in the byte-level spelling of GPT-2; `</w>` marks the end of a word. */
export type Vocabulary = ReadonlyMap<string, number>

/** When each pair was learnt, 0 first, under `left right`. */
export type Merges = ReadonlyMap<string, number>

export const bosToken = '<|startoftext|>'
export const eosToken = '<|endoftext|>'

/** CLIP's own files have 0.5 and 1 MB. */
const fileLimit = 16 * 2 ** 20
const idLimit = 1_000_000

/** Bytes that are written as the character of the same code: the visible ones of Latin-1. */
const visible = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)]
const hidden = range(0x00, 0xff).filter(byte => !visible.includes(byte))
const letters = [...visible, ...hidden].map((byte, i) => ({ byte, letter: letterOf(i) }))

/** The character that stands for each byte, so that every text can be spelled in visible characters (GPT-2). */
export const byteLetters: readonly string[] = letters.toSorted((a, b) => a.byte - b.byte).map(({ letter }) => letter)

function letterOf(index: number): string {
  return String.fromCharCode(visible[index] ?? 0x100 + index - visible.length)
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, i) => from + i)
}

/**
 * Reads `merges.txt`: a `#version` line, then one pair to a line, first learnt first.
 * A line that is no pair, a missing file or one of over 16 MB is a UserError.
 */
export async function readMerges(path: string): Promise<Merges> {
  const merges = new Map<string, number>()
  const [first = '', ...rest] = (await readText(path)).split(/\r?\n/)
  for (const line of first.startsWith('#version') ? rest : [first, ...rest]) {
    if (line === '') continue
    const space = line.indexOf(' ')
    if (space < 1 || space === line.length - 1 || line.includes(' ', space + 1)) {
      throw refused(path, `${JSON.stringify(line.slice(0, 40))} is not a pair of tokens`)
    }
    merges.set(line, merges.size)
  }
  return merges
}

/** CLIP's ids follow from its merges: the bytes, the bytes that end a word, what the pairs make, the two marks. */
export function deriveVocabulary(merges: Merges): Vocabulary {
  const vocabulary = new Map<string, number>()
  for (const { letter } of letters) vocabulary.set(letter, vocabulary.size)
  for (const { letter } of letters) vocabulary.set(`${letter}</w>`, vocabulary.size)
  for (const pair of merges.keys()) vocabulary.set(pair.replace(' ', ''), vocabulary.size)
  return vocabulary.set(bosToken, vocabulary.size).set(eosToken, vocabulary.size)
}

/**
 * Reads `vocab.json`: an object of ids by token, 0..999,999. It must have the two marks and all that `merges` makes;
 * anything else, a missing file or one of over 16 MB is a UserError.
 */
export async function readVocabulary(path: string, merges: Merges): Promise<Vocabulary> {
  const vocabulary = new Map<string, number>()
  const entries = parseObject(path, await readText(path))
  // half the time of Object.entries, which 49,408 entries are enough to notice
  for (const token in entries) {
    const id = entries[token]
    if (typeof id !== 'number' || !Number.isInteger(id) || id < 0 || id >= idLimit) {
      throw refused(path, `the id of ${JSON.stringify(token.slice(0, 40))} is not a number from 0 to ${idLimit - 1}`)
    }
    vocabulary.set(token, id)
  }
  const require = (token: string): void => {
    if (!vocabulary.has(token)) throw refused(path, `${JSON.stringify(token.slice(0, 40))} is missing`)
  }
  require(bosToken)
  require(eosToken)
  for (const pair of merges.keys()) require(pair.replace(' ', ''))
  return vocabulary
}

function parseObject(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (cause) {
    throw refused(path, 'it is not JSON', cause)
  }
  throw refused(path, 'it is not an object of ids by token')
}

async function readText(path: string): Promise<string> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw refused(path, 'it is not a file')
    if (found.size > fileLimit) throw refused(path, `it has ${found.size} bytes, more than the ${fileLimit} allowed`)
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw cause instanceof UserError ? cause : refused(path, 'it cannot be read', cause)
  }
}

function refused(path: string, why: string, cause?: unknown): UserError {
  return new UserError(`The tokenizer file ${path} cannot be used: ${why}.`, 'Get the tokenizer folder again.', {
    cause,
  })
}
