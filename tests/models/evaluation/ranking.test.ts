import { expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { makeBases, rankBases, spearman } from '../../support/rank.ts'
import { scratch } from '../training/support.ts'

const { at } = scratch()

it('the pairing score ranks bases, deliberately bad ones among them, as their pictures do', async () => {
  const bases = await makeBases(at('bases'), { demo: shipped.demo })
  const ranked = await rankBases(bases, shipped.guide, { folder: at('pictures'), pictures: 4, steps: 8 })
  expect(ranked.length).toBe(6)
  for (const { evaluated } of ranked) expect(evaluated).toBeLessThan(1)
  const of = (which: 'score' | 'evaluated') => ranked.map(each => each[which])
  expect(spearman(of('score'), of('evaluated'))).toBeGreaterThan(0.7)
  const best = ranked.toSorted((a, b) => b.score - a.score)[0]
  expect(best?.name).toBe('base')
}, 600_000)
