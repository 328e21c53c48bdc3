/** What came of comparing one thing with what the reference recorded. */
export interface ParityResult {
  readonly name: string
  readonly status: 'passed' | 'failed' | 'skipped'
  /** The largest error that was found, in the tolerance's unit. */
  readonly largest?: number
  readonly tolerance?: number
  /** Why it failed or was skipped, one sentence. */
  readonly reason?: string
}

/** Passed where the largest error is within the tolerance; not-a-number never is. */
export function judged(name: string, largest: number, tolerance: number): ParityResult {
  if (largest <= tolerance) return { name, status: 'passed', largest, tolerance }
  return { name, status: 'failed', largest, tolerance, reason: 'The error is over the tolerance.' }
}

export const failed = (name: string, reason: string): ParityResult => ({ name, status: 'failed', reason })

export const skipped = (name: string, reason: string): ParityResult => ({ name, status: 'skipped', reason })

/** The largest absolute difference, each divided by `scale`; infinite where lengths differ, NaN where a value is. */
export function largestError(
  got: ArrayLike<number>,
  expected: ArrayLike<number>,
  scale: (expected: number) => number = () => 1,
): number {
  if (got.length !== expected.length) return Infinity
  let largest = 0
  for (let i = 0; i < expected.length; i++) {
    const want = expected[i] as number
    const difference = Math.abs((got[i] as number) - want)
    largest = Math.max(largest, difference === 0 ? 0 : difference / scale(want))
  }
  return largest
}
