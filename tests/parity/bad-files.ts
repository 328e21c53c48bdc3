import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { asBase } from '../../models/checkpoint/as-base.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { UserError } from '../../models/errors.ts'
import type { TensorEntry } from '../../models/tensor/entry.ts'
import { readHeader } from '../../models/tensor/safetensors/header.ts'
import { readTensor } from '../../models/tensor/safetensors/read.ts'
import { failed, judged, type ParityResult, skipped } from './result.ts'

interface BadFile {
  readonly file: string
  readonly error: string
  readonly a_user_should_read: string
}

/** What a person would read who wanted to paint with this file; undefined where it is accepted. */
export type Refuse = (path: string) => Promise<string | undefined>

/** Damage that only shows when networks ask for their parameters, or in the weights themselves. */
const needsNetworks: ReadonlySet<string> = new Set([
  'missing-tensor.safetensors',
  'wrong-shape.safetensors',
  'nan-weights.safetensors',
])

/**
 * Every file that must be refused, and the number types that must be read exactly.
 * @param refuse tries to paint with a file: judges what the header cannot; without it those are skipped
 */
export async function check(folder: string, refuse?: Refuse): Promise<ParityResult[]> {
  const list = JSON.parse(await readFile(join(folder, 'bad-files.json'), 'utf8')) as BadFile[]
  const results: ParityResult[] = []
  for (const bad of list) {
    const judge = needsNetworks.has(bad.file) ? refuse : refusedByHeader
    const name = `bad-files ${bad.file}`
    if (!judge) results.push(skipped(name, 'It takes the networks to see what is wrong with this one.'))
    else results.push(judgeSentence(name, bad, await judge(join(folder, bad.file))))
  }
  return [...results, ...(await checkDtypes(folder))]
}

const refusedByHeader: Refuse = async path => {
  try {
    asBase(await describeModel(path))
    return undefined
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
}

const judgeSentence = (
  name: string,
  { a_user_should_read: wanted }: BadFile,
  said: string | undefined,
): ParityResult => {
  if (said === undefined) return failed(name, 'The file was accepted.')
  const missing = factsOf(wanted).filter(fact => !said.includes(fact))
  if (missing.length > 0) return failed(name, `The sentence lacks ${missing.join(', ')}: ${said}`)
  const common = wordsOf(wanted).filter(word => wordsOf(said).includes(word))
  if (common.length * 2 < Math.min(wordsOf(wanted).length, wordsOf(said).length)) {
    return failed(name, `The sentence says something else: ${said}`)
  }
  return { name, status: 'passed' }
}

/** What is said in brackets explains the fixture, not the file. */
const sentence = (text: string): string => text.replace(/\(and the.*|\(do not.*|\(It names.*/, '')

/** Names of tensors and types, and numbers: what a person cannot do without. */
const factsOf = (text: string): string[] => [
  ...(sentence(text).match(/\b\w+(?:\.\w+){3,}|\bbert\.\*|\bF17\b|\b\d+ [MT]B\b|\.safetensors\b/g) ?? []),
  ...[...sentence(text).matchAll(/\b[Tt]ensors? (\w)\b(?: and (\w)\b)?/g)].flatMap(([, a, b]) =>
    b ? [` ${a} `, ` ${b} `] : [` ${a} `],
  ),
]

const wordsOf = (text: string): string[] =>
  sentence(text)
    .toLowerCase()
    .match(/[a-z]{3,}/g) ?? []

/** Halves of every bit pattern and one tensor of each number type, against the reference's widening. */
const checkDtypes = async (folder: string): Promise<ParityResult[]> => {
  const { entries: expected } = await readHeader(join(folder, 'good-dtypes.expected.safetensors'))
  const { entries: dtypes } = await readHeader(join(folder, 'good-dtypes.safetensors'))
  const { entries: halves } = await readHeader(join(folder, 'good-all-f16.safetensors'))
  const pairs = [...expected].map(([key, want]) => ({
    name: `bad-files dtype ${key}`,
    want,
    got: key === 'all_f16' ? halves.get('all') : dtypes.get(key),
  }))
  return Promise.all(pairs.map(async ({ name, want, got }) => judged(name, got ? await differing(got, want) : 1, 0)))
}

/** How many elements differ; the reference recorded integers as f32 too. */
const differing = async (a: TensorEntry, b: TensorEntry): Promise<number> => {
  const [got, want] = (await Promise.all([a, b].map(readTensor))).map(({ data }) => Array.from(data, Number))
  if (!got || !want || got.length !== want.length) return Number.POSITIVE_INFINITY
  return want.filter((value, i) => !Object.is(value, Math.fround(got[i] as number))).length
}
