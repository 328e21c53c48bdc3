import fc from 'fast-check'
import { expect, test } from 'vitest'
import { joinPairs } from '../../../models/prompt/bpe.ts'

const ranks = (...pairs: string[]): Map<string, number> => new Map(pairs.map((pair, rank) => [pair, rank]))

test('joins the pair that was learnt first, wherever it stands', () => {
  expect(joinPairs([...'abcab'], ranks('b c', 'a b'))).toEqual(['a', 'bc', 'ab'])
  expect(joinPairs([...'abcab'], ranks('a b', 'b c', 'ab c'))).toEqual(['abc', 'ab'])
})

test('joins equal letters from the left', () => {
  expect(joinPairs([...'aaaaa'], ranks('a a'))).toEqual(['aa', 'aa', 'a'])
  expect(joinPairs([...'aaaaa'], ranks('a a', 'aa a', 'aa aa'))).toEqual(['aa', 'aaa'])
})

test('leaves what it does not know', () => {
  expect(joinPairs([], ranks('a b'))).toEqual([])
  expect(joinPairs(['a'], ranks('a b'))).toEqual(['a'])
  expect(joinPairs(['x', 'y'], ranks('a b'))).toEqual(['x', 'y'])
})

/** The definition, without any economy. */
function naive(letters: readonly string[], known: ReadonlyMap<string, number>): string[] {
  const pairs = letters.slice(1).map((right, i) => known.get(`${letters[i]} ${right}`) ?? Infinity)
  const first = Math.min(Infinity, ...pairs)
  if (first === Infinity) return [...letters]
  const joined: string[] = []
  for (let i = 0; i < letters.length; i++)
    joined.push(pairs[i] === first ? `${letters[i]}${letters[++i]}` : `${letters[i]}`)
  return naive(joined, known)
}

test('agrees with the definition on any word and any pairs', () => {
  const part = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 })
  const pairs = fc.array(fc.tuple(part, part), { maxLength: 12 })
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 30 }), pairs, (word, learnt) => {
      const known = ranks(...new Set(learnt.map(pair => pair.join(' '))))
      expect(joinPairs(word, known)).toEqual(naive(word, known))
    }),
    { numRuns: 500 },
  )
})
