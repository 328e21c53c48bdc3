import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Pipeline } from '../../models/pipelines/assemble.ts'
import { condition } from '../../models/pipelines/condition.ts'
import { parseAttention } from '../../models/prompt/attention.ts'
import { type Chunk, chunkPrompt } from '../../models/prompt/chunks.ts'
import { piecesOf } from '../../models/prompt/embeddings.ts'
import { loadTokenizer, type Tokenizer } from '../../models/prompt/tokenizer.ts'
import type { Weighting } from '../../models/prompt/weighting.ts'
import { loadTensors } from '../support/safetensors.ts'
import { numbers } from './networks.ts'
import { type FindCase, openPipeline } from './pipelines.ts'
import { failed, judged, largestError, type ParityResult, skipped } from './result.ts'

interface PromptsCase {
  base: string
  tolerance: { 'segment weights': number } & Record<Weighting, { atol: number }>
}

interface Tokens {
  cases: { prompt: string; ids: number[]; padded_to_77: number[] | null }[]
}

interface Weighted {
  cases: { prompt: string; segments: [string, number][]; chunks: Pick<Chunk, 'ids' | 'weights'>[] }[]
}

const merges = join(import.meta.dirname, '../../resources/tokenizer/merges.txt')

/** Ids of every recorded prompt; of weighted ones also segments, chunks, and what the base's encoders make of them. */
export async function check(folder: string, find: FindCase): Promise<ParityResult[]> {
  const read = async (name: string) => JSON.parse(await readFile(join(folder, name), 'utf8'))
  const { base, tolerance }: PromptsCase = await read('case.json')
  const tokens: Tokens = await read('tokens.json')
  const weighted: Weighted = await read('weighted.json')
  const tokenizer = await loadTokenizer({ merges })
  const place = find(base)
  const pipeline =
    place === undefined
      ? undefined
      : await openPipeline([`${base}.safetensors`, 'folder'].map(form => join(place, form)).find(existsSync) ?? place)
  try {
    return [
      ...tokens.cases.map(recorded => compare(tokenizer, recorded)),
      ...weighted.cases.flatMap(recorded => parsed(tokenizer, recorded, tolerance['segment weights'])),
      ...(await conditioned(folder, weighted, tolerance, pipeline)),
    ]
  } finally {
    await pipeline?.sessions.release()
  }
}

/** The reference cuts a long prompt where our first chunk ends. */
function compare(tokenizer: Tokenizer, { prompt, ids, padded_to_77: cut }: Tokens['cases'][number]): ParityResult {
  const name = nameOf(prompt)
  const got = tokenizer.encode(prompt)
  const whole = [tokenizer.bos, ...got, tokenizer.eos]
  if (!same(whole, ids)) return failed(name, `The ids are ${whole}, not ${ids}.`)
  const [first] = chunkPrompt([{ ids: got, weight: 1 }], { ...tokenizer, positions: 77 })
  if (cut && !same(first?.ids ?? [], cut)) return failed(name, `The first chunk is ${first?.ids}, not ${cut}.`)
  return { name, status: 'passed' }
}

function parsed(
  tokenizer: Tokenizer,
  { prompt, ...recorded }: Weighted['cases'][number],
  atol: number,
): ParityResult[] {
  const name = nameOf(prompt)
  const segments = parseAttention(prompt)
  const chunks = chunkPrompt(piecesOf(prompt, tokenizer), { ...tokenizer, positions: 77 })
  const texts = JSON.stringify(segments.map(({ text }) => text))
  const wanted = JSON.stringify(recorded.segments.map(([text]) => text))
  const weights = largestError(
    segments.map(({ weight }) => weight),
    recorded.segments.map(([, weight]) => weight),
  )
  const ids = chunks.map(({ ids }) => ids.join()).join(' / ')
  const wantedIds = recorded.chunks.map(({ ids }) => ids.join()).join(' / ')
  const ofChunks = largestError(
    chunks.flatMap(({ weights }) => weights),
    recorded.chunks.flatMap(({ weights }) => weights),
  )
  return [
    texts === wanted
      ? judged(`${name} segments`, weights, atol)
      : failed(`${name} segments`, `The segments are ${texts}, not ${wanted}.`),
    ids === wantedIds
      ? judged(`${name} chunks`, ofChunks, atol)
      : failed(`${name} chunks`, `The ids are ${ids}, not ${wantedIds}.`),
  ]
}

/** `N.RULE.skipM`: the states of prompt N under a rule of weighting and a clip skip. */
async function conditioned(
  folder: string,
  { cases }: Weighted,
  tolerance: PromptsCase['tolerance'],
  pipeline: Pipeline | undefined,
): Promise<ParityResult[]> {
  const results: ParityResult[] = []
  for (const [name, recorded] of await loadTensors(join(folder, 'weighted.expected.safetensors'))) {
    const [, index, weighting, clipSkip] = /^(\d+)\.(a1111|comfy)\.skip(\d+)$/.exec(name) ?? []
    const prompt = cases[Number(index)]?.prompt
    if (!pipeline || prompt === undefined) {
      results.push(skipped(name, pipeline ? 'It is not known what this is.' : 'Its base is not in the folder.'))
      continue
    }
    const rule = weighting as Weighting
    const settings = { prompt, guided: false, clipSkip: Number(clipSkip), weighting: rule }
    const { positive } = await condition(pipeline, settings)
    results.push(judged(name, largestError(positive, numbers(recorded)), tolerance[rule].atol))
  }
  return results
}

const nameOf = (prompt: string): string => JSON.stringify(prompt.length > 60 ? `${prompt.slice(0, 60)}...` : prompt)

const same = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((id, i) => id === b[i])
