import { UserError } from '../../errors.ts'
import { below, generatorAt, stream } from '../random.ts'

/** Places of a dataset's pictures. */
export interface Split {
  /** Those that are trained on. */
  readonly seen: readonly number[]
  /** Those that are kept aside to measure on: whole batches. */
  readonly held: readonly number[]
}

interface Keeping {
  readonly seed: number
  readonly batch: number
  /** How many are kept aside; a tenth, at most 256, where it is left out. */
  readonly held?: number | undefined
}

/** Keeps some pictures aside, which follow from the seed. Throws `UserError` where less than a batch would be left. */
export function split(count: number, { seed, batch, held }: Keeping): Split {
  const kept = wholeBatches(held ?? Math.min(256, Math.floor(count / 10)), batch)
  if (kept > 0 && count - kept < batch)
    throw new UserError(
      `held is ${held}; the dataset has ${count} pictures, and a batch of ${batch} must be left.`,
      'Keep fewer aside, or add pictures.',
    )
  const generator = generatorAt(seed, stream.held)
  const aside = new Set<number>()
  while (aside.size < kept) aside.add(below(generator, count))
  return { seen: Array.from({ length: count }, (_, i) => i).filter(i => !aside.has(i)), held: [...aside] }
}

/** The largest number of whole batches, in examples. */
export const wholeBatches = (count: number, batch: number): number => count - (count % batch)
