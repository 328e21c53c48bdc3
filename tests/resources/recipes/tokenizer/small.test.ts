import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { beforeAll, expect, test } from 'vitest'
import { loadTokenizer } from '../../../../models/prompt/tokenizer.ts'
import { deriveVocabulary, type Merges, readMerges, type Vocabulary } from '../../../../models/prompt/vocabulary.ts'
import { neededMerges, writeTokenizer } from '../../../../resources/recipes/tokenizer/small.ts'

const clipMerges = join(import.meta.dirname, '../../../../resources/tokenizer/merges.txt')
const captions = [
  'a small strawberry in the top left corner',
  "Grandma's über-hot pretzel, 128 times",
  'yo-yo in the 雪',
]

let merges: Merges
let folder: string
beforeAll(async () => {
  merges = await readMerges(clipMerges)
  folder = await mkdtemp(join(tmpdir(), 'tokenizer-'))
})

const names = (vocabulary: Vocabulary, ids: readonly number[]): (string | undefined)[] => {
  const byId = new Map([...vocabulary].map(([token, id]) => [id, token]))
  return ids.map(id => byId.get(id))
}

test('falls into the tokens that CLIP makes, with few of its entries', async () => {
  const { entries, longest } = await writeTokenizer(folder, merges, captions, 24)
  const files = { merges: join(folder, 'merges.txt'), vocab: join(folder, 'vocab.json') }
  const [small, clip] = [await loadTokenizer(files), await loadTokenizer({ merges: clipMerges })]
  const vocabulary = new Map(Object.entries(JSON.parse(await readFile(files.vocab, 'utf8')) as Record<string, number>))
  expect(vocabulary.size).toBe(entries)
  expect(entries).toBeLessThan(600)
  expect([small.bos, small.eos, small.pad]).toEqual([entries - 2, entries - 1, entries - 1])
  const lengths = captions.map(caption => {
    const ids = small.encode(caption)
    expect(names(vocabulary, ids)).toEqual(names(deriveVocabulary(merges), clip.encode(caption)))
    return ids.length
  })
  expect(Math.max(...lengths)).toBe(longest)
  const letters = ['q</w>', 'u', 'x']
  expect(names(vocabulary, small.encode('q ux')).slice(0, 2)).toEqual(letters.slice(0, 2))
})

test('any words come out as CLIP has them, and no entry can be spared', async () => {
  const alphabet = fc.constantFrom(...'aeinrst', 'th', 'ing', 'é', '9')
  const word = fc.array(alphabet, { minLength: 1, maxLength: 8 }).map(parts => parts.join(''))
  const text = fc.array(word, { minLength: 1, maxLength: 5 }).map(words => words.join(' '))
  await fc.assert(
    fc.asyncProperty(text, async caption => {
      const needed = neededMerges(merges, [caption])
      const once = neededMerges(needed, [caption])
      expect([...once.keys()]).toEqual([...needed.keys()])
      for (const pair of needed.keys()) expect(merges.has(pair)).toBe(true)
      await writeTokenizer(folder, merges, [caption], 77)
      const files = { merges: join(folder, 'merges.txt'), vocab: join(folder, 'vocab.json') }
      const vocabulary = deriveVocabulary(needed)
      const [small, clip] = [await loadTokenizer(files), await fullClip]
      expect(names(vocabulary, small.encode(caption))).toEqual(clip.encode(caption).map(id => clipNames.get(id)))
    }),
    { numRuns: 40 },
  )
})

const fullClip = loadTokenizer({ merges: clipMerges })
const clipNames = new Map<number, string>()
beforeAll(() => {
  for (const [token, id] of deriveVocabulary(merges)) clipNames.set(id, token)
})

test('a caption that has no room is named', async () => {
  await expect(writeTokenizer(folder, merges, ['one two three four'], 5)).rejects.toThrow(
    '"one two three four" has 4 tokens.',
  )
})
