import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { chunkPrompt } from '../../models/prompt/chunks.ts'
import { loadTokenizer, type Tokenizer } from '../../models/prompt/tokenizer.ts'
import { failed, type ParityResult, skipped } from './result.ts'

interface Tokens {
  cases: { prompt: string; ids: number[]; padded_to_77: number[] | null }[]
}

interface Weighted {
  cases: { prompt: string }[]
}

const merges = join(import.meta.dirname, '../../resources/tokenizer/merges.txt')

/** Compares the ids of every recorded prompt, begin and end included, with what our tokenizer makes of it. */
export async function check(folder: string): Promise<ParityResult[]> {
  const read = async (name: string): Promise<string> => readFile(join(folder, name), 'utf8')
  const tokens: Tokens = JSON.parse(await read('tokens.json'))
  const weighted: Weighted = JSON.parse(await read('weighted.json'))
  const tokenizer = await loadTokenizer({ merges })
  return [
    ...tokens.cases.map(recorded => compare(tokenizer, recorded)),
    ...weighted.cases.map(({ prompt }) => skipped(nameOf(prompt), 'Weights in prompts are not supported yet.')),
  ]
}

/** The reference cuts a long prompt where our first chunk ends. */
function compare(tokenizer: Tokenizer, { prompt, ids, padded_to_77: cut }: Tokens['cases'][number]): ParityResult {
  const name = nameOf(prompt)
  const got = tokenizer.encode(prompt)
  const whole = [tokenizer.bos, ...got, tokenizer.eos]
  if (!same(whole, ids)) return failed(name, `The ids are ${whole}, not ${ids}.`)
  const [first = []] = chunkPrompt(got, { ...tokenizer, positions: 77 })
  if (cut && !same(first, cut)) return failed(name, `The first chunk is ${first}, not ${cut}.`)
  return { name, status: 'passed' }
}

const nameOf = (prompt: string): string => JSON.stringify(prompt.length > 60 ? `${prompt.slice(0, 60)}...` : prompt)

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i])
