import { describe, expect, it } from 'vitest'
import { Meter } from '../../../main/queue/meter.ts'
import { generateRequest } from '../../../preload/contract/generation.ts'

/** A meter with a clock that the test turns. */
function clocked(count: number, done = 0) {
  let now = 0
  const request = generateRequest.parse({ prompt: 'a cat', count })
  const meter = new Meter({ id: 1, request, done }, () => now)
  return {
    tell(ms: number, phase: 'load' | 'text' | 'denoise' | 'decode', step = 0, picture = 0, preview?: Uint8Array) {
      now += ms
      return meter.measure({ phase, picture, step, steps: 10, preview })
    },
  }
}

describe('Meter', () => {
  it('knows no speed before the second step, whatever loading took', () => {
    const { tell } = clocked(1)
    expect(tell(5000, 'load')).toMatchObject({ stepsPerSecond: null, secondsLeft: null })
    expect(tell(5000, 'text').stepsPerSecond).toBeNull()
    expect(tell(100, 'denoise', 0).stepsPerSecond).toBeNull()
    expect(tell(900, 'denoise', 1).stepsPerSecond).toBeNull()
    expect(tell(250, 'denoise', 2)).toMatchObject({ stepsPerSecond: 4, secondsLeft: 2 })
  })

  it('follows the last steps', () => {
    const { tell } = clocked(1)
    tell(0, 'denoise', 0)
    for (let step = 1; step <= 2; step++) tell(1000, 'denoise', step)
    for (let step = 3; step <= 10; step++) tell(100, 'denoise', step)
    expect(tell(100, 'denoise', 10).stepsPerSecond).toBeCloseTo(10)
  })

  it('counts what is between two pictures as time, not as steps', () => {
    const { tell } = clocked(3)
    const paint = (picture: number) => {
      tell(0, 'denoise', 0, picture)
      for (let step = 1; step <= 10; step++) tell(100, 'denoise', step, picture)
    }
    paint(0)
    tell(0, 'decode', 0, 0)
    const next = tell(700, 'denoise', 0, 1)
    expect(next.stepsPerSecond).toBeCloseTo(10)
    // Two pictures of one second, each with 0.7 s until it is kept.
    expect(next.secondsLeft).toBeCloseTo(2 + 2 * 0.7)
  })

  it('counts pictures from the first of the job, also after a restart', () => {
    const { tell } = clocked(5, 3)
    expect(tell(0, 'denoise', 0, 1).picture).toBe(4)
  })

  it('gives a picture as a data: address, not more often than eyes can follow', () => {
    const { tell } = clocked(1)
    const jpeg = Uint8Array.of(0xff, 0xd8, 0xff)
    expect(tell(0, 'denoise', 1, 0, jpeg).preview).toBe('data:image/jpeg;base64,/9j/')
    expect(tell(50, 'denoise', 2, 0, jpeg).preview).toBeNull()
    expect(tell(80, 'denoise', 3, 0, Uint8Array.from(Buffer.from('RIFF'))).preview).toBe(
      'data:image/webp;base64,UklGRg==',
    )
    expect(tell(1000, 'denoise', 4).preview).toBeNull()
  })
})
