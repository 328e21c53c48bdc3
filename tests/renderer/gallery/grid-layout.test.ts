import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { GalleryState } from '../../../renderer/state/gallery.svelte.ts'
import { GridLayout } from '../../../renderer/views/gallery/grid-layout.svelte.ts'
import { picture } from '../studio-end.ts'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

/** A window of 600 by 300 over 400 square pictures, six in a row of 98 pixels or so. */
function layoutOf() {
  const items = Array.from({ length: 400 }, (_, i) => picture(400 - i))
  const gallery: Partial<GalleryState> = { items, total: 400, complete: true, scroll: 0 }
  const layout = new GridLayout(gallery as GalleryState)
  layout.width = 600
  layout.height = 300
  layout.wanted = 100
  return layout
}

it('fetches at once after one jump, and not while jumps follow each other', () => {
  const layout = layoutOf()
  layout.scrolled(200)
  expect(layout.jumping).toBe(false)
  layout.scrolled(2000)
  expect(layout.jumping).toBe(false)
  vi.advanceTimersByTime(100)
  layout.scrolled(3000)
  expect(layout.jumping).toBe(true)
  vi.advanceTimersByTime(59)
  expect(layout.jumping).toBe(true)
  vi.advanceTimersByTime(1)
  expect(layout.jumping).toBe(false)
  vi.advanceTimersByTime(300)
  layout.scrolled(1000)
  expect(layout.jumping).toBe(false)
})

it('says how far a row is from what is seen', () => {
  const layout = layoutOf()
  const { tops } = layout.rows
  layout.scrolled((tops[10] ?? 0) + 1)
  const away = [8, 9, 10, 11, 12, 13, 14, 15].map(row => layout.away(row))
  expect(away).toEqual([2, 1, 0, 0, 0, 0, 1, 2])
})
