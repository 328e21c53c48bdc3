import type { Generator } from '../../../models/tensor/random.ts'

/** One of `choices`, which must not be empty; each is as likely. */
export function pick<T>(random: Generator, choices: readonly T[]): T {
  return choices[random.word() % choices.length] as T
}

/** A whole number from -limit to limit. */
export function shift(random: Generator, limit: number): number {
  return (random.word() % (2 * limit + 1)) - limit
}
