import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pan, toFrame, zoomAt } from '../../../renderer/components/pictures/zoom.ts'

const side = fc.integer({ min: 64, max: 4096 })
const size = fc.record({ width: side, height: side })
const point = fc.record({ x: fc.integer({ min: -400, max: 400 }), y: fc.integer({ min: -400, max: 400 }) })

describe('zoom', () => {
  it('never crops the whole picture', () => {
    fc.assert(
      fc.property(size, size, (picture, frame) => {
        const { scale, x, y } = toFrame(picture, frame)
        expect(picture.width * scale).toBeLessThanOrEqual(frame.width + 1e-6)
        expect(picture.height * scale).toBeLessThanOrEqual(frame.height + 1e-6)
        expect([x, y]).toEqual([0, 0])
      }),
    )
  })

  it('keeps what is under the pointer there while the picture fills the frame', () => {
    const picture = { width: 1000, height: 1000 }
    const frame = { width: 1000, height: 1000 }
    const near = zoomAt(toFrame(picture, frame), 4, { x: 100, y: -50 }, picture, frame)
    // The picture's own point under the pointer, before and after.
    expect((100 - near.x) / near.scale).toBeCloseTo(100)
    expect((-50 - near.y) / near.scale).toBeCloseTo(-50)
  })

  it('comes back to the whole picture, in the middle', () => {
    fc.assert(
      fc.property(size, size, point, point, (picture, frame, at, by) => {
        const moved = pan(zoomAt(toFrame(picture, frame), 5, at, picture, frame), by, picture, frame)
        const back = zoomAt(moved, 1e-3, at, picture, frame)
        const whole = toFrame(picture, frame)
        expect(back.scale).toBeCloseTo(whole.scale)
        expect(back.x).toBeCloseTo(0)
        expect(back.y).toBeCloseTo(0)
      }),
    )
  })

  it('never leaves a gap between the picture and an edge that it could cover', () => {
    fc.assert(
      fc.property(size, size, point, fc.double({ min: 0.1, max: 20, noNaN: true }), (picture, frame, by, factor) => {
        const view = pan(zoomAt(toFrame(picture, frame), factor, by, picture, frame), by, picture, frame)
        const overhang = (picture.width * view.scale - frame.width) / 2
        expect(Math.abs(view.x)).toBeLessThanOrEqual(Math.max(0, overhang) + 1e-6)
      }),
    )
  })
})
