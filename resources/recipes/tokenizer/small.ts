import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../../models/errors.ts'
import { joinPairs } from '../../../models/prompt/bpe.ts'
import { spellWords } from '../../../models/prompt/tokenizer.ts'
import { bosToken, deriveVocabulary, eosToken, type Merges } from '../../../models/prompt/vocabulary.ts'

/**
 * Those of CLIP's merges that the words of these texts are joined by, in CLIP's order. With them alone every such word
 * falls into the tokens that CLIP makes of it: at each step the merge that CLIP takes is there, and none that comes before it.
 */
export function neededMerges(merges: Merges, texts: Iterable<string>): Merges {
  const words = new Map<string, string[]>()
  for (const text of texts) for (const letters of spellWords(text)) words.set(letters.join(' '), letters)
  const needed = new Set<string>()
  for (const letters of words.values()) for (const pair of joins(letters, merges)) needed.add(pair)
  return new Map([...merges.keys()].filter(pair => needed.has(pair)).map((pair, rank) => [pair, rank]))
}

/** The pairs that one word is joined by, one after another. */
function joins(letters: readonly string[], merges: Merges): string[] {
  const pairs = letters.slice(1).map((right, i) => `${letters[i]} ${right}`)
  const known = pairs.filter(pair => merges.has(pair))
  if (known.length === 0) return []
  const first = known.reduce((a, b) => ((merges.get(b) as number) < (merges.get(a) as number) ? b : a))
  return [first, ...joins(joinPairs(letters, new Map([[first, 0]])), merges)]
}

/**
 * Writes `vocab.json`, `merges.txt` and `tokenizer_config.json` as transformers' CLIPTokenizer reads them, with the entries that
 * `texts` need. `positions` is what the text encoder has room for; a text that does not fit between its two marks is a UserError.
 */
export async function writeTokenizer(
  folder: string,
  merges: Merges,
  texts: readonly string[],
  positions: number,
): Promise<{ readonly entries: number; readonly longest: number }> {
  const needed = neededMerges(merges, texts)
  const vocabulary = deriveVocabulary(needed)
  let longest = 0
  for (const text of texts) {
    const tokens = spellWords(text).flatMap(letters => joinPairs(letters, needed)).length
    longest = Math.max(longest, tokens)
    if (tokens > positions - 2)
      throw new UserError(
        `${JSON.stringify(text)} has ${tokens} tokens.`,
        `${positions - 2} fit ${positions} positions.`,
      )
  }
  const config = {
    tokenizer_class: 'CLIPTokenizer',
    model_max_length: positions,
    bos_token: bosToken,
    eos_token: eosToken,
    unk_token: eosToken,
    pad_token: eosToken,
    do_lower_case: true,
  }
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'merges.txt'), ['#version: 0.2', ...needed.keys(), ''].join('\n'))
  await writeFile(join(folder, 'vocab.json'), json(Object.fromEntries(vocabulary)))
  await writeFile(join(folder, 'tokenizer_config.json'), json(config))
  return { entries: vocabulary.size, longest }
}

const json = (value: unknown): string => `${JSON.stringify(value, undefined, 1)}\n`
