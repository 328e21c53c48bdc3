import { readFileSync } from 'node:fs'
import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, describe, expect, test } from 'vitest'
import { UserError } from '../../../models/errors.ts'
import { loadTokenizer, type Tokenizer } from '../../../models/prompt/tokenizer.ts'
import { deriveVocabulary, readMerges } from '../../../models/prompt/vocabulary.ts'
import { check } from '../../parity/prompts.ts'
import { fixture } from '../../support/fixtures.ts'
import edges from './edges.json' with { type: 'json' }

const resources = join(import.meta.dirname, '../../../resources')
const merges = join(resources, 'tokenizer/merges.txt')
const demoFolder = join(resources, 'models/demo/tokenizer')

let clip: Tokenizer
let demo: Tokenizer
beforeAll(async () => {
  clip = await loadTokenizer({ merges })
  demo = await loadTokenizer({ merges: join(demoFolder, 'merges.txt'), vocab: join(demoFolder, 'vocab.json') })
})

test('makes the ids of 42 prompts, and segments, chunks and states of 19 weighted ones, as they were recorded', async () => {
  const results = await check(fixture('prompts'), name => fixture(name))
  expect(results.filter(({ status }) => status !== 'passed')).toEqual([])
  expect(results).toHaveLength(124)
})

test.each(edges.cases)('makes the ids of the reference for $prompt', ({ prompt, full, demo: small }) => {
  expect(clip.encode(prompt)).toEqual(full)
  expect(demo.encode(prompt)).toEqual(small)
})

test('derives from the merges the vocabulary that CLIP has', async () => {
  const vocabulary: Record<string, number> = JSON.parse(readFileSync(fixture('tokenizer/vocab.json'), 'utf8'))
  const derived = deriveVocabulary(await readMerges(merges))
  expect(derived.size).toBe(49_408)
  expect(Object.fromEntries(derived)).toEqual(vocabulary)
  expect([clip.bos, clip.eos, clip.pad]).toEqual([49_406, 49_407, 49_407])
})

test('takes the ids of a vocabulary file where there is one', async () => {
  const both = await loadTokenizer({ merges: fixture('tokenizer/merges.txt'), vocab: fixture('tokenizer/vocab.json') })
  expect(both.encode('a photo of a cat')).toEqual([320, 1125, 539, 320, 2368])
  expect([demo.bos, demo.eos, demo.pad]).toEqual([1501, 1502, 1502])
})

test('loads the whole vocabulary in under 150 ms of a processor', async () => {
  const times: number[] = []
  for (let i = 0; i < 3; i++) {
    const start = process.cpuUsage()
    await loadTokenizer({ merges })
    const { user, system } = process.cpuUsage(start)
    times.push((user + system) / 1000)
  }
  expect(Math.min(...times)).toBeLessThan(150)
})

test('encodes any text to ids of the vocabulary, words apart from each other', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), text => {
      const ids = clip.encode(text)
      expect(ids.every(id => Number.isInteger(id) && id >= 0 && id < 49_408)).toBe(true)
      expect(clip.encode(`${text} cat`)).toEqual([...ids, 2368])
    }),
  )
})

test('takes a word of 50,000 letters', () => {
  const word = Array.from({ length: 50_000 }, (_, i) => String.fromCharCode(97 + ((i * i * 31 + i * 7) % 26))).join('')
  const start = performance.now()
  expect(clip.encode(word).length).toBeGreaterThan(10_000)
  expect(performance.now() - start).toBeLessThan(5000)
})

describe('refuses in one sentence', () => {
  const small = { merges: '#version: 0.2\na b\n', vocab: '{"ab":0,"<|startoftext|>":1,"<|endoftext|>":2}' }
  const load = async (content: { merges: string; vocab: string }): Promise<Tokenizer> => {
    const folder = await mkdtemp(join(tmpdir(), 'cicerone-tokenizer-'))
    const files = { merges: join(folder, 'merges.txt'), vocab: join(folder, 'vocab.json') }
    await writeFile(files.merges, content.merges)
    await writeFile(files.vocab, content.vocab)
    return loadTokenizer(files)
  }

  test('nothing of a good pair of files', async () => {
    expect((await load(small)).bos).toBe(1)
    expect((await load({ ...small, merges: small.merges.replaceAll('\n', '\r\n') })).eos).toBe(2)
  })

  test('what the vocabulary lacks becomes the end mark', async () => {
    expect((await load(small)).encode('c <|startoftext|>')).toEqual([2, 1])
  })

  test.each([
    ['a line of one token', { merges: 'ab\n' }, 'not a pair'],
    ['a line of three tokens', { merges: 'a b c\n' }, 'not a pair'],
    ['half a pair', { merges: 'a \n' }, 'not a pair'],
    ['text that is not JSON', { vocab: '{' }, 'not JSON'],
    ['a list', { vocab: '[]' }, 'not an object'],
    ['null', { vocab: 'null' }, 'not an object'],
    ['an id that is text', { vocab: small.vocab.replace('0', '"0"') }, 'the id of "ab"'],
    ['a negative id', { vocab: small.vocab.replace('0', '-1') }, 'the id of "ab"'],
    ['a broken id', { vocab: small.vocab.replace('0', '0.5') }, 'the id of "ab"'],
    ['a huge id', { vocab: small.vocab.replace('0', '1000000') }, 'the id of "ab"'],
    ['no end mark', { vocab: '{"ab":0,"<|startoftext|>":1}' }, '"<|endoftext|>" is missing'],
    ['merges of another vocabulary', { merges: 'a c\n' }, '"ac" is missing'],
    ['a file of over 16 MB', { vocab: ' '.repeat(2 ** 24 + 1) }, 'more than'],
  ])('%s', async (_, change, message) => {
    const error = await load({ ...small, ...change }).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(UserError)
    expect(String(error)).toContain(message)
  })

  test('a file that is not there', async () => {
    await expect(loadTokenizer({ merges: '/nowhere/merges.txt' })).rejects.toThrow('it cannot be read')
  })

  test.each(['/dev/zero', tmpdir()])('%s', async path => {
    await expect(loadTokenizer({ merges: path })).rejects.toThrow('it is not a file')
  })
})
