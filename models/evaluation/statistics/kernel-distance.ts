import type { Counts, Statistic } from './draws.ts'
import { dot, type Features, rowOf } from './features.ts'

/**
 * The kernel distance of two sets (KID, Binkowski et al. 2018): the unbiased estimate of the squared maximum mean discrepancy
 * with the kernel (x y + 1)^3, on vectors of length 1. About 0, also below it, for sets of the same distribution. Pairs of
 * an example with itself do not count, also where a bootstrap draws it twice.
 */
export function kernelDistance(a: Features, b: Features): Statistic {
  const [within, other, between] = [kernels(a, a), kernels(b, b), kernels(a, b)]
  return counts => apart(within, counts) + apart(other, counts) - 2 * across(between, counts)
}

const kernels = (a: Features, b: Features): Float64Array[] =>
  Array.from({ length: a.rows.length / a.width }, (_, i) =>
    Float64Array.from({ length: b.rows.length / b.width }, (_, j) => (dot(rowOf(a, i), rowOf(b, j)) + 1) ** 3),
  )

/** The mean over all pairs of two different examples of one set. */
function apart(kernel: readonly Float64Array[], counts: Counts): number {
  let [sum, pairs] = [0, 0]
  for (const [i, row] of kernel.entries())
    for (let j = 0; j < row.length; j++) {
      if (i === j) continue
      const weight = (counts[i] as number) * (counts[j] as number)
      sum += weight * (row[j] as number)
      pairs += weight
    }
  return sum / pairs
}

/** The mean over all pairs of examples of two sets. */
function across(kernel: readonly Float64Array[], counts: Counts): number {
  const total = counts.reduce((sum, count) => sum + count, 0)
  return kernel.reduce((sum, row, i) => sum + ((counts[i] as number) * dot(row, counts)) / total ** 2, 0)
}
