import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Generator } from '../../../models/tensor/random.ts'
import { check } from '../../parity/rng.ts'

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 })

test('draws the numbers that torch drew', async () => {
  const results = await check(join(import.meta.dirname, '../../fixtures/rng'))
  expect(results.filter(({ status }) => status !== 'passed')).toEqual([])
  expect(results).toHaveLength(74)
})

test('only the low 32 bits of a seed count', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 0, max: 2 ** 21 - 1 }), (seed, high) => {
      expect(new Generator(high * 2 ** 32 + seed).normals(20)).toEqual(new Generator(seed).normals(20))
    }),
  )
})

test('under 16 values it does not matter how they are split into calls', () => {
  fc.assert(
    fc.property(seeds, fc.nat(7), fc.nat(8), (seed, first, second) => {
      const split = new Generator(seed)
      const parts = [...split.normals(first), ...split.normals(second)]
      expect(parts).toEqual([...new Generator(seed).normals(first + second)])
    }),
  )
})

test('the noise of one picture does not depend on those drawn beside it', () => {
  fc.assert(
    fc.property(seeds, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 40 }), (seed, batch, size) => {
      const pictures = Array.from({ length: batch }, (_, i) => new Generator(seed + i))
      const together = [1, 2].map(() => pictures.map(picture => picture.normals(size)))
      const alone = new Generator(seed + batch - 1)
      expect(together.map(draw => draw.at(-1))).toEqual([alone.normals(size), alone.normals(size)])
    }),
  )
})
