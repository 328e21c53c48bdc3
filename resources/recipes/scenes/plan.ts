import type { Generator } from '../../../models/tensor/random.ts'
import { pick } from './pick.ts'
import type { Pool } from './pools.ts'

/** What is to be seen in a picture. */
export interface Scene {
  /** With its article, as all things: `a red apple`. */
  readonly thing: string
  /** Word for how it is drawn, or for what was made of the drawing. */
  readonly style: string
  readonly background: string
  /** `half`: one of two, beside or above the other. */
  readonly size: 'big' | 'small' | 'half'
  /** Where the thing is; of two, `left` has the other on its right, `top` below it. */
  readonly place: Place
  /** The second of two. */
  readonly other?: string
}

export type Place = 'middle' | 'left' | 'top' | (typeof smallPlaces)[number]

const smallPlaces = ['middle', 'top left', 'top right', 'bottom left', 'bottom right'] as const

/** Three of five show one big thing, which is what most prompts ask for; one something small, one a pair. */
const kinds = ['big', 'big', 'big', 'small', 'half'] as const

export function planScene(pools: readonly Pool[], random: Generator): Scene {
  const { style, background, things } = pick(random, pools)
  const thing = pick(random, things)
  const size = pick(random, kinds)
  const scene = { thing, style, background, size }
  if (size === 'big') return { ...scene, place: 'middle' }
  if (size === 'small') return { ...scene, place: pick(random, smallPlaces) }
  const others = things.filter(name => name !== thing)
  return { ...scene, place: pick(random, ['left', 'top'] as const), other: pick(random, others) }
}
