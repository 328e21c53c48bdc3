import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PictureItem } from '../../../preload/contract/gallery.ts'
import { GalleryState } from '../../../renderer/state/gallery.svelte.ts'
import { byAge, type Key } from '../../../renderer/state/gallery-list.ts'
import { Selection } from '../../../renderer/state/selection.svelte.ts'
import { Studio } from '../../../renderer/state/studio.svelte.ts'
import { picture, StudioEnd } from '../studio-end.ts'

interface Asked {
  readonly query: string
  readonly after: Key | null
  readonly limit: number
}

const range = (from: number, to: number): PictureItem[] =>
  Array.from({ length: from - to + 1 }, (_, i) => picture(from - i))

/** A gallery whose queries match by seed: `even`, `odd`, or anything for all. */
async function opened(pictures: PictureItem[], slow: (asked: Asked) => number = () => 0, slowCount = 0) {
  const held = { pictures }
  const matches = (query: string, { id }: PictureItem) =>
    query === 'even' ? id % 2 === 0 : query === 'odd' ? id % 2 === 1 : query !== 'none'
  const end = new StudioEnd({
    'gallery.page': async (asked: Asked) => {
      const found = held.pictures.filter(item => matches(asked.query, item)).sort(byAge)
      const { after } = asked
      const items = found.filter(item => after === null || item.id < after.id).slice(0, asked.limit)
      await new Promise(resolve => setTimeout(resolve, slow(asked)))
      return { items, total: null }
    },
    'gallery.count': async ({ query }: { query: string }) => {
      const total = held.pictures.filter(item => matches(query, item)).length
      await new Promise(resolve => setTimeout(resolve, slowCount))
      return { total }
    },
  })
  const studio = new Studio(end)
  const gallery = studio.of(GalleryState)
  const selection = studio.of(Selection)
  end.connection('open')
  await vi.advanceTimersByTimeAsync(1)
  return { end, gallery, selection, held }
}

const ids = (gallery: GalleryState) => gallery.items.map(item => item.id)
const nothing = { added: [], updated: [], removed: [] }

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the list', () => {
  it('shows the first page at once and fetches the rest behind it', async () => {
    const { gallery, end } = await opened(range(3000, 1))
    expect(gallery.items).toHaveLength(200)
    expect(gallery.total).toBe(3000)
    expect(gallery.busy).toBe(false)
    await vi.advanceTimersByTimeAsync(1000)
    expect(ids(gallery)).toEqual(range(3000, 1).map(item => item.id))
    expect(end.inputsOf('gallery.page')).toHaveLength(4)
  })

  it('drops what comes while it is fetched into the right places, and what goes out of them', async () => {
    const { gallery, end, held } = await opened(range(2000, 1), asked => (asked.after === null ? 0 : 100))
    await vi.advanceTimersByTimeAsync(50)
    // A page with 1500 in it is on its way.
    held.pictures = [picture(2001), ...range(2000, 1)].filter(item => item.id !== 1500)
    end.tell('gallery.changed', { added: [picture(2001)], updated: [], removed: [1500] })
    await vi.advanceTimersByTimeAsync(2000)
    expect(ids(gallery)).toEqual(range(2001, 1).flatMap(item => (item.id === 1500 ? [] : item.id)))
    expect(gallery.total).toBe(2000)
  })
})

describe('how many there are', () => {
  it('is said when it is known: the pictures do not wait for it', async () => {
    const { gallery } = await opened(range(3000, 1), asked => (asked.after === null ? 0 : 1000), 100)
    expect([gallery.items.length, gallery.counted, gallery.complete]).toEqual([200, false, false])
    await vi.advanceTimersByTimeAsync(150)
    expect([gallery.items.length, gallery.counted, gallery.total]).toEqual([200, true, 3000])
    gallery.search('even')
    await vi.advanceTimersByTimeAsync(90)
    expect([gallery.items.length, gallery.counted]).toEqual([200, false])
    await vi.advanceTimersByTimeAsync(100)
    expect([gallery.counted, gallery.total]).toEqual([true, 1500])
  })

  it('is not asked where one page holds all', async () => {
    const { gallery, end } = await opened(range(150, 1))
    expect([gallery.counted, gallery.complete, gallery.total]).toEqual([true, true, 150])
    expect(end.inputsOf('gallery.count')).toEqual([])
  })

  it('is what was fetched in the end, whatever was counted', async () => {
    const { gallery, held } = await opened(range(3000, 1), asked => (asked.after === null ? 0 : 100))
    expect(gallery.total).toBe(3000)
    held.pictures = range(2990, 1)
    await vi.advanceTimersByTimeAsync(2000)
    expect([gallery.complete, gallery.total]).toEqual([true, gallery.items.length])
  })
})

describe('searching', () => {
  it('asks once for what is typed quickly, and drops the answer to what is no longer asked', async () => {
    const { gallery, end } = await opened(range(10, 1), asked => (asked.query === 'even' ? 500 : 10))
    gallery.search('e')
    gallery.search('eve')
    gallery.search('even')
    await vi.advanceTimersByTimeAsync(100)
    const queries = end.inputsOf('gallery.page').map(input => (input as Asked).query)
    expect(queries).toEqual(['', 'even'])
    gallery.search('odd')
    await vi.advanceTimersByTimeAsync(100)
    expect(ids(gallery)).toEqual([9, 7, 5, 3, 1])
    expect(gallery.shown).toBe('odd')
    await vi.advanceTimersByTimeAsync(1000)
    expect(ids(gallery)).toEqual([9, 7, 5, 3, 1])
  })

  it('keeps showing what was found before until the answer is there', async () => {
    const { gallery } = await opened(range(4, 1), asked => (asked.query === 'odd' ? 200 : 0))
    gallery.search('odd')
    await vi.advanceTimersByTimeAsync(150)
    expect(ids(gallery)).toEqual([4, 3, 2, 1])
    expect(gallery.busy).toBe(true)
    await vi.advanceTimersByTimeAsync(200)
    expect(ids(gallery)).toEqual([3, 1])
  })
})

describe('changes', () => {
  it('shows a new picture only where the query matches it', async () => {
    const { gallery, end, held } = await opened(range(4, 1))
    gallery.search('even')
    await vi.advanceTimersByTimeAsync(100)
    held.pictures = range(6, 1)
    end.tell('gallery.changed', { ...nothing, added: [picture(6), picture(5)] })
    await vi.advanceTimersByTimeAsync(10)
    expect(ids(gallery)).toEqual([6, 4, 2])
    expect(gallery.total).toBe(3)
  })

  it('puts a picture that was taken back where it was', async () => {
    const { gallery, end } = await opened(range(5, 1))
    end.tell('gallery.changed', { ...nothing, removed: [3] })
    await vi.advanceTimersByTimeAsync(1)
    expect(ids(gallery)).toEqual([5, 4, 2, 1])
    expect(gallery.total).toBe(4)
    end.tell('gallery.changed', { ...nothing, added: [picture(3)] })
    await vi.advanceTimersByTimeAsync(1)
    expect(ids(gallery)).toEqual([5, 4, 3, 2, 1])
    expect(gallery.total).toBe(5)
  })

  it('takes the star of a picture in, wherever it was given', async () => {
    const { gallery, end } = await opened(range(3, 1))
    end.tell('gallery.changed', { ...nothing, updated: [{ ...picture(2), starred: true }] })
    await vi.advanceTimersByTimeAsync(1)
    expect(gallery.items.map(item => item.starred)).toEqual([false, true, false])
  })
})

describe('the selection', () => {
  it('chooses ranges from where the last choice was made', async () => {
    const { gallery, selection } = await opened(range(9, 1))
    selection.only(7)
    selection.range(gallery.items, 4)
    expect([...selection.ids]).toEqual([7, 6, 5, 4])
    selection.range(gallery.items, 9)
    expect([...selection.ids].sort()).toEqual([7, 8, 9])
    selection.toggle(2)
    selection.range(gallery.items, 1, true)
    expect([...selection.ids].sort()).toEqual([1, 2, 7, 8, 9])
  })

  it('begins a range where the keyboard stands', async () => {
    const { gallery, selection } = await opened(range(9, 1))
    selection.only(9)
    selection.focus(5)
    selection.range(gallery.items, 4)
    selection.range(gallery.items, 3)
    expect([...selection.ids]).toEqual([5, 4, 3])
  })

  it('stands on the next picture when its own is gone, and forgets those that are', async () => {
    const { selection, end } = await opened(range(5, 1))
    selection.only(4)
    selection.toggle(3)
    end.tell('gallery.changed', { ...nothing, removed: [4, 3] })
    expect(selection.focused).toBe(2)
    expect(selection.count).toBe(0)
    await vi.advanceTimersByTimeAsync(1)
    selection.only(1)
    end.tell('gallery.changed', { ...nothing, removed: [1] })
    expect(selection.focused).toBe(2)
    await vi.advanceTimersByTimeAsync(1)
    end.tell('gallery.changed', { ...nothing, removed: [5, 2] })
    expect(selection.focused).toBe(null)
  })

  it('forgets what another program took away, whatever is looked for, and what went while the studio was lost', async () => {
    const { gallery, selection, end, held } = await opened(range(3000, 1))
    await vi.advanceTimersByTimeAsync(1000)
    selection.all(gallery.items)
    gallery.search('even')
    await vi.advanceTimersByTimeAsync(100)
    selection.focus(1000)
    held.pictures = held.pictures.filter(({ id }) => ![1, 2999, 1000, 998].includes(id))
    end.tell('gallery.stale', {})
    await vi.advanceTimersByTimeAsync(100)
    expect(selection.count).toBe(2996)
    expect([1, 2999, 1000, 998].filter(id => selection.ids.has(id))).toEqual([])
    expect(selection.focused).toBe(996)

    held.pictures = held.pictures.filter(({ id }) => id !== 7)
    end.connection('open')
    await vi.advanceTimersByTimeAsync(100)
    expect([selection.count, selection.ids.has(7)]).toEqual([2995, false])
  })
})
