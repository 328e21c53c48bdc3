import fc from 'fast-check'
import { expect, test } from 'vitest'
import { chunkPair, chunkPrompt } from '../../../models/prompt/chunks.ts'

const shape = { positions: 6, bos: 1, eos: 2, pad: 0 }

test('makes one chunk of an empty prompt', () => {
  expect(chunkPrompt([], shape)).toEqual([[1, 2, 0, 0, 0, 0]])
})

test('fills a chunk before it begins the next', () => {
  expect(chunkPrompt([11, 12, 13, 14], shape)).toEqual([[1, 11, 12, 13, 14, 2]])
  expect(chunkPrompt([11, 12, 13, 14, 15], shape)).toEqual([
    [1, 11, 12, 13, 14, 2],
    [1, 15, 2, 0, 0, 0],
  ])
})

test('keeps every token in order, in chunks of the full length', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 10, max: 99 }), { maxLength: 200 }),
      fc.constantFrom(3, 24, 77),
      (ids, positions) => {
        const chunks = chunkPrompt(ids, { ...shape, positions })
        expect(chunks.flat().filter(id => id > 2)).toEqual(ids)
        expect(chunks).toHaveLength(Math.max(1, Math.ceil(ids.length / (positions - 2))))
        for (const chunk of chunks) {
          expect(chunk).toHaveLength(positions)
          expect(chunk[0]).toBe(1)
          expect(chunk.filter(id => id === 2)).toHaveLength(1)
        }
      },
    ),
  )
})

test('pairs prompts with empty chunks on the shorter side', () => {
  const long = [11, 12, 13, 14, 15]
  const empty = [1, 2, 0, 0, 0, 0]
  expect(chunkPair(long, [21], shape)).toEqual({
    positive: chunkPrompt(long, shape),
    negative: [[1, 21, 2, 0, 0, 0], empty],
  })
  expect(chunkPair([], long, shape)).toEqual({ positive: [empty, empty], negative: chunkPrompt(long, shape) })
})

test('refuses chunks without room', () => {
  expect(() => chunkPrompt([], { ...shape, positions: 2 })).toThrow(RangeError)
  expect(() => chunkPrompt([], { ...shape, positions: Number.NaN })).toThrow(RangeError)
})
