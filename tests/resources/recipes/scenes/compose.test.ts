import sharp from 'sharp'
import { expect, test } from 'vitest'
import { Generator } from '../../../../models/tensor/random.ts'
import { compose, sidesFor } from '../../../../resources/recipes/scenes/compose.ts'
import type { Sprite } from '../../../../resources/recipes/scenes/sprites.ts'

/** Noise of any opacity, in which nothing is alike. */
function noise(side: number, channels: number, seed: number): Sprite {
  const random = new Generator(seed)
  return { side, pixels: Uint8Array.from({ length: side * side * channels }, () => random.word() % 256) }
}

/** Draws nothing but zeros: the first of all choices, the lowest of all shifts. */
const zeros = Object.assign(new Generator(0), { word: () => 0 })

const centres = { middle: 0.5, 'top left': 0.23, 'bottom right': 0.77 } as const

test.each(['middle', 'top left', 'bottom right'] as const)(
  'blends as sharp does, %s, also beyond the sides',
  async place => {
    const size = 128
    const [side = 0] = sidesFor(size)
    const [behind, over] = [noise(size + 6, 3, 1), noise(side, 4, 2)]
    const sprites = { margin: 3, background: () => behind, thing: () => over }
    const ours = compose({ thing: 'x', style: 'y', background: 'z', size: 'big', place }, sprites, size, zeros)

    const shifted = Math.round(centres[place] * size - side / 2) - 3
    const base = sharp(behind.pixels, { raw: { width: size + 6, height: size + 6, channels: 3 } })
    const theirs = await sharp(await base.extract({ left: 0, top: 0, width: size, height: size }).png().toBuffer())
      .composite([
        {
          input: Buffer.from(over.pixels),
          raw: { width: side, height: side, channels: 4 },
          left: shifted,
          top: shifted,
        },
      ])
      .removeAlpha()
      .raw()
      .toBuffer()
    const plane = size * size
    const errors = Array.from(theirs, (value, i) => Math.abs(value - (ours[(i % 3) * plane + Math.floor(i / 3)] ?? 0)))
    expect(errors.filter(error => error > 1)).toEqual([])
  },
)
