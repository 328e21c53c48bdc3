import { Generator } from '../tensor/random.ts'

/**
 * A generator for one place of a run, told by numbers (what for, which step, which example). Nothing of it need be
 * kept: a run that goes on after a kill draws what it would have drawn.
 */
export function generatorAt(seed: number, ...place: readonly number[]): Generator {
  let hash = mixed(seed)
  for (const number of place) hash = mixed(Math.imul(hash, 31) ^ number ^ Math.floor(number / 2 ** 32))
  return new Generator(hash)
}

/** What randomness is drawn for: no two uses share a stream. */
export const stream = {
  weights: 1,
  order: 2,
  noise: 3,
  levels: 4,
  captions: 5,
  teacher: 6,
  guidance: 7,
  posterior: 8,
  held: 9,
} as const

/** A whole number in 0..below-1. */
export const below = (generator: Generator, count: number): number => Math.floor((generator.word() / 2 ** 32) * count)

/** A number in low..high. */
export const between = (generator: Generator, low: number, high: number): number =>
  low + (generator.word() / 2 ** 32) * (high - low)

/** Any number of unit normals. */
export const normals = (generator: Generator, count: number): Float32Array =>
  generator.normals(Math.max(16, count)).subarray(0, count)

/** murmur3's last step: every bit of the input changes half of the output's. */
function mixed(word: number): number {
  let h = word >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}
