import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Chunk, chunkPrompt, chunkTexts, type Piece } from '../../../models/prompt/chunks.ts'

const shape = { positions: 6, bos: 1, eos: 2, pad: 0 }
const plain = (...ids: number[]): Piece => ({ ids, weight: 1 })
const idsOf = (chunks: readonly Chunk[]) => chunks.map(({ ids }) => ids)
const vector = (value: number) => Float32Array.of(value)

test('makes one chunk of an empty prompt', () => {
  for (const pieces of [[], [plain()]])
    expect(chunkPrompt(pieces, shape)).toEqual([
      { ids: [1, 2, 0, 0, 0, 0], weights: [1, 1, 1, 1, 1, 1], vectors: new Map() },
    ])
})

test('fills a chunk before it begins the next', () => {
  expect(idsOf(chunkPrompt([plain(11, 12, 13, 14)], shape))).toEqual([[1, 11, 12, 13, 14, 2]])
  expect(idsOf(chunkPrompt([plain(11, 12), plain(13, 14, 15)], shape))).toEqual([
    [1, 11, 12, 13, 14, 2],
    [1, 15, 2, 0, 0, 0],
  ])
})

test('gives each token its weight, begin, end and padding the weight 1', () => {
  const [first, second] = chunkPrompt(
    [
      { ids: [11, 12, 13], weight: 1.5 },
      { ids: [14, 15], weight: -0.5 },
    ],
    shape,
  )
  expect(first?.weights).toEqual([1, 1.5, 1.5, 1.5, -0.5, 1])
  expect(second?.weights).toEqual([1, -0.5, 1, 1, 1, 1])
})

test.each([
  [
    'between',
    [plain(11), 'break', plain(12)],
    [
      [1, 11, 2, 0, 0, 0],
      [1, 12, 2, 0, 0, 0],
    ],
  ],
  [
    'at the beginning',
    ['break', plain(12)],
    [
      [1, 2, 0, 0, 0, 0],
      [1, 12, 2, 0, 0, 0],
    ],
  ],
  ['at the end', [plain(11), 'break'], [[1, 11, 2, 0, 0, 0]]],
  [
    'after a full chunk',
    [plain(11, 12, 13, 14), 'break', plain(15)],
    [
      [1, 11, 12, 13, 14, 2],
      [1, 15, 2, 0, 0, 0],
    ],
  ],
  [
    'twice',
    ['break', 'break'],
    [
      [1, 2, 0, 0, 0, 0],
      [1, 2, 0, 0, 0, 0],
    ],
  ],
] satisfies [string, Piece[], number[][]][])('ends a chunk at a break %s', (_, pieces, ids) => {
  expect(idsOf(chunkPrompt(pieces, shape))).toEqual(ids)
})

test('keeps vectors that belong together in one chunk where they fit', () => {
  const vectors = [vector(5), vector(6), vector(7)]
  const [first, second] = chunkPrompt([plain(11, 12), { vectors, weight: 2 }, plain(13)], shape)
  expect(first?.ids).toEqual([1, 11, 12, 2, 0, 0])
  expect(second?.ids).toEqual([1, 0, 0, 0, 13, 2])
  expect(second?.weights).toEqual([1, 2, 2, 2, 1, 1])
  expect(second?.vectors).toEqual(
    new Map([
      [1, vector(5)],
      [2, vector(6)],
      [3, vector(7)],
    ]),
  )
  const many = Array.from({ length: 7 }, (_, i) => vector(i))
  expect(chunkPrompt([{ vectors: many, weight: 1 }], shape).map(({ vectors }) => vectors.size)).toEqual([4, 3])
})

test('keeps every token in order, in chunks of the full length', () => {
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 10, max: 99 }), { maxLength: 90 }), { maxLength: 5 }),
      fc.constantFrom(3, 24, 77),
      (pieces, positions) => {
        const chunks = chunkPrompt(
          pieces.map((ids, i) => ({ ids, weight: i })),
          { ...shape, positions },
        )
        expect(
          idsOf(chunks)
            .flat()
            .filter(id => id > 2),
        ).toEqual(pieces.flat())
        expect(chunks.flatMap(({ ids, weights }) => weights.filter((_, i) => (ids[i] as number) > 2))).toEqual(
          pieces.flatMap((ids, i) => ids.map(() => i)),
        )
        expect(chunks).toHaveLength(Math.max(1, Math.ceil(pieces.flat().length / (positions - 2))))
        for (const { ids, weights } of chunks) {
          expect(ids).toHaveLength(positions)
          expect(weights).toHaveLength(positions)
          expect(ids[0]).toBe(1)
          expect(ids.filter(id => id === 2)).toHaveLength(1)
        }
      },
    ),
  )
})

test('gives texts of fewer chunks empty ones', () => {
  const long = plain(11, 12, 13, 14, 15)
  const empty = chunkPrompt([], shape)
  expect(chunkTexts([[long], [plain(21)]], shape)).toEqual([
    chunkPrompt([long], shape),
    [...chunkPrompt([plain(21)], shape), ...empty],
  ])
  expect(chunkTexts([[], [long]], shape)).toEqual([[...empty, ...empty], chunkPrompt([long], shape)])
  expect(chunkTexts([[long]], shape)).toEqual([chunkPrompt([long], shape)])
})

test('refuses chunks without room', () => {
  expect(() => chunkPrompt([], { ...shape, positions: 2 })).toThrow(RangeError)
  expect(() => chunkPrompt([], { ...shape, positions: Number.NaN })).toThrow(RangeError)
})
