import { createHash } from 'node:crypto'
import { UserError } from '../../../models/errors.ts'
import type { Art } from './art.ts'
import type { Sprites } from './sprites.ts'

/** `train` to learn from; `held-out` has the combinations of a thing and a background that `train` never shows. */
export type Split = 'train' | 'held-out'

/** Things that may stand before one background in one style. */
export interface Pool {
  readonly style: string
  readonly background: string
  readonly things: readonly string[]
}

/** One in eight combinations is held out. It follows from the two names alone, so more things or other sets change no other. */
export function isHeldOut(thing: string, background: string): boolean {
  return createHash('sha256').update(`${thing} / ${background}`).digest().readUInt8(0) % 8 === 0
}

/**
 * What each style may show before each background in this split: nothing whose outline is lost there (a red apple on
 * red). Only pools from which a pair can be drawn are kept.
 */
export function makePools(
  art: readonly Art[],
  backgrounds: readonly string[],
  split: Split,
  sprites: Sprites,
  side: number,
): Pool[] {
  const pools = art.flatMap(({ style, drawings }) =>
    backgrounds.map(background => ({
      style,
      background,
      things: [...drawings.keys()].filter(
        thing =>
          isHeldOut(thing, background) === (split === 'held-out') && standsOut(sprites, style, thing, background, side),
      ),
    })),
  )
  const usable = pools.filter(({ things }) => things.length > 1)
  if (usable.length === 0) throw new UserError('There is too little art for a scene of two things.')
  return usable
}

/** A difference of this much in one channel is seen. */
const visible = 56
/** Share of its outline that must be seen. */
const enough = 0.6

function standsOut(sprites: Sprites, style: string, thing: string, background: string, side: number): boolean {
  const { pixels } = sprites.thing(style, thing, side)
  const behind = sprites.background(background)
  const start = Math.floor((behind.side - side) / 2)
  const alpha = (x: number, y: number): number =>
    x < 0 || y < 0 || x >= side || y >= side ? 0 : (pixels[(y * side + x) * 4 + 3] as number)
  let outline = 0
  let seen = 0
  for (let y = 0; y < side; y++)
    for (let x = 0; x < side; x++) {
      if (alpha(x, y) < 128) continue
      // Two pixels in, where the colour is the thing's own
      if (alpha(x - 2, y) > 127 && alpha(x + 2, y) > 127 && alpha(x, y - 2) > 127 && alpha(x, y + 2) > 127) continue
      outline++
      const at = (y * side + x) * 4
      const under = ((start + y) * behind.side + start + x) * 3
      for (let c = 0; c < 3; c++)
        if (Math.abs((pixels[at + c] as number) - (behind.pixels[under + c] as number)) > visible) {
          seen++
          break
        }
    }
  return seen >= enough * outline
}
