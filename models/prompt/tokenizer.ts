import { UserError } from '../errors.ts'
import { joinPairs } from './bpe.ts'
import { bosToken, byteLetters, deriveVocabulary, eosToken, readMerges, readVocabulary } from './vocabulary.ts'

/** Turns text into CLIP's token ids. */
export interface Tokenizer {
  /** Id that begins a chunk. */
  readonly bos: number
  /** Id that ends a chunk; also stands for what the vocabulary does not have. */
  readonly eos: number
  /** Id that fills a chunk behind its end. */
  readonly pad: number
  /**
   * The ids of a text of any length, without begin and end. `<|startoftext|>` and `<|endoftext|>` inside the text
   * become the marks themselves.
   */
  encode(text: string): number[]
}

export interface TokenizerFiles {
  /** Path of a `merges.txt`. */
  readonly merges: string
  /** Path of a `vocab.json`; without it the ids follow from the merges, as CLIP's do. */
  readonly vocab?: string
}

interface TokenizerOptions {
  /** The token that fills a chunk behind its end; CLIP takes its end token, OpenCLIP `!`. */
  readonly padToken?: string
}

const marks = /(<\|startoftext\|>|<\|endoftext\|>)/
/** CLIP's words: English endings, runs of letters, single digits, runs of anything else that is visible. */
const words = /'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu

/**
 * Loads a CLIP tokenizer from its two files, in the layout of transformers. Ids agree with transformers' CLIPTokenizer
 * (without ftfy): NFC, lower case, CLIP's words, byte pair encoding of their UTF-8 bytes. A file that cannot be
 * used is a UserError.
 */
export async function loadTokenizer(
  files: TokenizerFiles,
  { padToken = eosToken }: TokenizerOptions = {},
): Promise<Tokenizer> {
  const merges = await readMerges(files.merges)
  const ids = files.vocab === undefined ? deriveVocabulary(merges) : await readVocabulary(files.vocab, merges)
  const bos = ids.get(bosToken) as number
  const eos = ids.get(eosToken) as number
  const pad = ids.get(padToken)
  if (pad === undefined)
    throw new UserError(
      `The tokenizer fills up with ${JSON.stringify(padToken.slice(0, 40))}, which its vocabulary does not have.`,
      'Get the tokenizer folder again.',
    )
  const encodeText = (text: string): number[] =>
    spellWords(text).flatMap(letters => joinPairs(letters, merges).map(token => ids.get(token) ?? eos))
  return {
    bos,
    eos,
    pad,
    encode: text => text.split(marks).flatMap((part, i) => (i % 2 ? (ids.get(part) as number) : encodeText(part))),
  }
}

/** The words of a text, each as the letters that stand for its bytes; `</w>` marks the last. */
export function spellWords(text: string): string[][] {
  return (lowerCase(text.normalize('NFC')).match(words) ?? []).map(word => {
    const letters = Array.from(Buffer.from(word), byte => byteLetters[byte] as string)
    letters.push(`${letters.pop()}</w>`)
    return letters
  })
}

/** Lower case letter by letter, as the reference has it: JavaScript alone would end a Greek word in a final sigma. */
function lowerCase(text: string): string {
  return text.replaceAll('Σ', 'σ').toLowerCase()
}
