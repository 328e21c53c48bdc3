import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PictureItem } from '../../../preload/contract/gallery.ts'
import { byAge, type Key, matching, mergeItems } from '../../../renderer/state/gallery-list.ts'

const item = (id: number, created: number): PictureItem => ({
  id,
  created,
  size: 1,
  width: 512,
  height: 512,
  seed: id,
  starred: false,
  colour: null,
})
// Few points in time, so that many pictures are equally old; ids in the order of time.
const items = fc
  .uniqueArray(fc.nat(2000), { maxLength: 600 })
  .map(ids => ids.map(id => item(id, Math.floor(id / 100))).sort(byAge))

describe('mergeItems', () => {
  it('gives what sorting both would give, fresh ones winning', () => {
    fc.assert(
      fc.property(items, fc.func(fc.nat(2)), (all, part) => {
        const old = all.filter(item => part(item.id) !== 0)
        const fresh = all.filter(item => part(item.id) !== 1).map(item => ({ ...item, starred: true }))
        const ids = new Set(fresh.map(item => item.id))
        expect(mergeItems(old, fresh)).toEqual([...old.filter(item => !ids.has(item.id)), ...fresh].sort(byAge))
      }),
    )
  })
})

describe('matching', () => {
  const idsOf = (all: readonly PictureItem[]) => all.map(({ id }) => id)
  const pageOf = (all: readonly PictureItem[]) => {
    const asked: Key[] = []
    const page = async (after: Key, limit: number) => {
      asked.push(after)
      return all.filter(({ id }) => id < after.id).slice(0, limit)
    }
    return { asked, page }
  }

  it('finds exactly the candidates that the query matches', async () => {
    await fc.assert(
      fc.asyncProperty(items, fc.func(fc.boolean()), fc.func(fc.nat(3)), async (all, isMatch, pick) => {
        const matches = all.filter(item => isMatch(item.id))
        const candidates = all.filter(item => pick(item.id) === 0)
        const { page } = pageOf(matches)
        const found = await matching(idsOf(candidates), page)
        expect(found).toEqual(candidates.filter(item => isMatch(item.id)))
      }),
    )
  })

  it('asks once for pictures that follow each other', async () => {
    const all = Array.from({ length: 100 }, (_, i) => item(100 - i, 100 - i))
    const { page, asked } = pageOf(all)
    await matching(idsOf(all.slice(0, 10)), page)
    expect(asked).toHaveLength(1)
  })
})
