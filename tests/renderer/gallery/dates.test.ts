import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dateMarks, firstBefore } from '../../../renderer/views/gallery/dates.ts'
import { packRows } from '../../../renderer/views/gallery/rows.ts'

const pictures = (times: readonly number[]) =>
  times.toSorted((a, b) => b - a).map(created => ({ created, width: 512, height: 512 }))
const packed = (items: ReturnType<typeof pictures>) => packRows(items, { width: 1000, height: 200, gap: 0 })

describe('dateMarks', () => {
  it('marks each month once, newest first', () => {
    const items = pictures([
      new Date(2026, 10, 23).getTime(),
      new Date(2026, 10, 1).getTime(),
      ...Array.from({ length: 20 }, (_, i) => new Date(2026, 8, 1 + i).getTime()),
      new Date(2025, 0, 1, 0, 0, 1).getTime(),
    ])
    const rows = packed(items)
    const marks = dateMarks(items, rows, rows.tops.at(-1) ?? 0, 0.01)
    // September begins in November's row, too close to be marked of its own.
    expect(marks.map(mark => mark.label)).toEqual([/Nov/, /Jan/].map(month => expect.stringMatching(month)))
    expect(marks[0]?.at).toBe(0)
  })

  it('keeps its distance and always ends', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2e12 }), { maxLength: 200 }), times => {
        const items = pictures(times)
        const rows = packed(items)
        const marks = dateMarks(items, rows, rows.tops.at(-1) ?? 0, 0.1)
        expect(marks.length).toBeLessThanOrEqual(11)
        for (const [i, mark] of marks.entries()) {
          if (i > 0) expect(mark.at - marks[i - 1]!.at).toBeGreaterThanOrEqual(0.1)
        }
      }),
    )
  })
})

describe('firstBefore', () => {
  it('finds what a search from the start would find', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { maxLength: 60 }), fc.nat(51), (times, time) => {
        const items = pictures(times)
        const found = items.findIndex(item => item.created < time)
        expect(firstBefore(items, time)).toBe(found < 0 ? items.length : found)
      }),
    )
  })
})
