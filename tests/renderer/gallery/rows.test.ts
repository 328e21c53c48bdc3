import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  nearestIn,
  packRows,
  rowAt,
  rowCount,
  rowHeight,
  rowOf,
  rowTiles,
} from '../../../renderer/views/gallery/rows.ts'

const picture = fc.record({ width: fc.integer({ min: 64, max: 4096 }), height: fc.integer({ min: 64, max: 4096 }) })
const packing = fc.record({
  width: fc.integer({ min: 300, max: 4000 }),
  height: fc.integer({ min: 80, max: 400 }),
  gap: fc.integer({ min: 0, max: 8 }),
})
const pictures = fc.array(picture, { maxLength: 120 })

describe('packRows', () => {
  it('puts every picture into exactly one row, in order', () => {
    fc.assert(
      fc.property(pictures, packing, (pictures, packing) => {
        const rows = packRows(pictures, packing)
        const indices = Array.from({ length: rowCount(rows) }, (_, row) => rowTiles(pictures, rows, row)).flat()
        expect(indices.map(tile => tile.index)).toEqual(pictures.map((_, index) => index))
      }),
    )
  })

  it('fills the width to the pixel in every row but the last', () => {
    fc.assert(
      fc.property(pictures, packing, (pictures, packing) => {
        const rows = packRows(pictures, packing)
        for (let row = 0; row < rowCount(rows) - 1; row++) {
          const tiles = rowTiles(pictures, rows, row)
          expect(tiles[0]?.left).toBe(0)
          const last = tiles.at(-1)!
          expect(last.left + last.width).toBe(packing.width)
          for (const [i, tile] of tiles.entries()) {
            const next = tiles[i + 1]
            if (next) expect(next.left).toBe(tile.left + tile.width + packing.gap)
          }
        }
      }),
    )
  })

  it('keeps proportions to the pixel', () => {
    fc.assert(
      fc.property(pictures, packing, (pictures, packing) => {
        const rows = packRows(pictures, packing)
        for (let row = 0; row < rowCount(rows); row++) {
          const height = rowHeight(rows, row)
          for (const { index, width } of rowTiles(pictures, rows, row)) {
            const aspect = pictures[index]!.width / pictures[index]!.height
            // Height and both edges are rounded.
            if (height > 1) expect(Math.abs(width - height * aspect)).toBeLessThanOrEqual(1 + aspect / 2 + 1e-6)
          }
        }
      }),
    )
  })

  it('stays close to the wanted height, and never blows up the last row', () => {
    fc.assert(
      fc.property(pictures, packing, (pictures, packing) => {
        const rows = packRows(pictures, packing)
        for (let row = 0; row < rowCount(rows) - 1; row++) {
          expect(rowHeight(rows, row)).toBeLessThanOrEqual(Math.ceil(packing.height * 1.5))
        }
        if (pictures.length > 0) expect(rowHeight(rows, rowCount(rows) - 1)).toBeLessThanOrEqual(packing.height)
        const last = rowTiles(pictures, rows, Math.max(0, rowCount(rows) - 1)).at(-1)
        if (last) expect(last.left + last.width).toBeLessThanOrEqual(packing.width)
      }),
    )
  })

  it('goes on from a beginning as if it had packed everything at once', () => {
    fc.assert(
      fc.property(pictures, packing, fc.nat(120), (pictures, packing, cut) => {
        const begun = packRows(pictures.slice(0, cut), packing)
        expect(packRows(pictures, packing, begun)).toEqual(packRows(pictures, packing))
      }),
    )
  })

  it('packs squares into rows of the same size', () => {
    const squares = Array.from({ length: 10 }, () => ({ width: 512, height: 512 }))
    const rows = packRows(squares, { width: 800, height: 200, gap: 0 })
    expect(rows.first).toEqual([0, 4, 8, 10])
    expect(rows.tops).toEqual([0, 200, 400, 600])
    expect(rowTiles(squares, rows, 2)).toEqual([
      { index: 8, left: 0, width: 200 },
      { index: 9, left: 200, width: 200 },
    ])
  })

  it('packs 200,000 pictures before anyone notices', () => {
    const many = Array.from({ length: 200_000 }, (_, i) => ({ width: 512, height: 512 + 64 * (i % 5) }))
    const start = performance.now()
    packRows(many, { width: 1400, height: 220, gap: 2 })
    expect(performance.now() - start).toBeLessThan(500)
  })
})

describe('finding', () => {
  it('finds the row of every picture and of every height', () => {
    fc.assert(
      fc.property(pictures, packing, (pictures, packing) => {
        const rows = packRows(pictures, packing)
        for (let row = 0; row < rowCount(rows); row++) {
          for (const { index } of rowTiles(pictures, rows, row)) expect(rowOf(rows, index)).toBe(row)
          expect(rowAt(rows, rows.tops[row]!)).toBe(row)
          expect(rowAt(rows, rows.tops[row + 1]! - 1)).toBe(row)
        }
      }),
    )
  })

  it('leads up and down to what lies under the middle', () => {
    const squares = Array.from({ length: 8 }, () => ({ width: 1, height: 1 }))
    const rows = packRows(squares, { width: 800, height: 200, gap: 0 })
    expect(nearestIn(squares, rows, 1, 2)).toBe(6)
    expect(nearestIn(squares, rows, 0, 7)).toBe(3)
  })

  it('ends at the last picture below a short row', () => {
    const squares = Array.from({ length: 6 }, () => ({ width: 1, height: 1 }))
    const rows = packRows(squares, { width: 800, height: 200, gap: 0 })
    expect(nearestIn(squares, rows, 1, 3)).toBe(5)
  })
})
