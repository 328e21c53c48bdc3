import type { Counts } from './draws.ts'
import { dot, type Features, rowOf } from './features.ts'

/** A normal distribution: mean [n] and covariance as rows [n][n]. */
export interface Gaussian {
  readonly mean: Float64Array
  readonly covariance: readonly Float64Array[]
}

/** Mean and unbiased covariance of examples, each counted as often as `counts` says. */
export function gaussianOf(features: Features, counts: Counts): Gaussian {
  const { width } = features
  const total = counts.reduce((sum, count) => sum + count, 0)
  const mean = new Float64Array(width)
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue
    const row = rowOf(features, i)
    for (let k = 0; k < width; k++) mean[k] = (mean[k] as number) + ((row[k] as number) * count) / total
  }
  const covariance = Array.from({ length: width }, () => new Float64Array(width))
  const centred = new Float64Array(width)
  for (const [i, count] of counts.entries()) {
    if (count === 0) continue
    const row = rowOf(features, i)
    for (let k = 0; k < width; k++) centred[k] = (row[k] as number) - (mean[k] as number)
    for (let k = 0; k < width; k++) {
      const [line, scale] = [covariance[k] as Float64Array, ((centred[k] as number) * count) / Math.max(total - 1, 1)]
      for (let l = 0; l <= k; l++) line[l] = (line[l] as number) + scale * (centred[l] as number)
    }
  }
  for (let k = 0; k < width; k++)
    for (let l = 0; l < k; l++) (covariance[l] as Float64Array)[k] = (covariance[k] as Float64Array)[l] as number
  return { mean, covariance }
}

/**
 * The Frechet distance of two normal distributions (Dowson and Landau 1982; squared, as in Heusel et al. 2017):
 * |m1 - m2|^2 + tr(C1 + C2 - 2 (C1 C2)^(1/2)). With C = L L^T the last trace is the sum of the singular values of L1^T L2.
 */
export function frechetDistance(a: Gaussian, b: Gaussian): number {
  const means = a.mean.reduce((sum, value, i) => sum + (value - (b.mean[i] as number)) ** 2, 0)
  const [left, right] = [choleskyColumns(a.covariance), choleskyColumns(b.covariance)]
  // Columns of (L1^T L2)^T, which has the same singular values.
  const product = left.map(column => Float64Array.from(right, other => dot(column, other)))
  return means + trace(a.covariance) + trace(b.covariance) - 2 * sumOfSingularValues(product)
}

const trace = (matrix: readonly Float64Array[]): number => matrix.reduce((sum, row, i) => sum + (row[i] as number), 0)

/** The columns of L where L L^T is a covariance; directions in which nothing varies have columns of zeros. */
function choleskyColumns(covariance: readonly Float64Array[]): Float64Array[] {
  const size = covariance.length
  const columns = Array.from({ length: size }, () => new Float64Array(size))
  const least = 1e-12 * Math.max(...covariance.map((row, i) => row[i] as number))
  for (let j = 0; j < size; j++) {
    const column = columns[j] as Float64Array
    const before = columns.slice(0, j)
    const rest = (i: number) =>
      before.reduce(
        (left, other) => left - (other[i] as number) * (other[j] as number),
        (covariance[i] as Float64Array)[j] as number,
      )
    const pivot = rest(j)
    if (pivot <= least) continue
    const root = Math.sqrt(pivot)
    for (let i = j; i < size; i++) column[i] = rest(i) / root
  }
  return columns
}

const mostSweeps = 30

/** By one-sided Jacobi rotations (Hestenes 1958): turns columns until all are at right angles. Changes `columns`. */
function sumOfSingularValues(columns: readonly Float64Array[]): number {
  for (let sweep = 0; sweep < mostSweeps; sweep++) {
    let isTurned = false
    for (const [p, a] of columns.entries())
      for (const b of columns.slice(p + 1)) {
        const [aa, bb, ab] = [dot(a, a), dot(b, b), dot(a, b)]
        if (Math.abs(ab) <= 1e-12 * Math.sqrt(aa * bb) || ab === 0) continue
        isTurned = true
        const ratio = (bb - aa) / (2 * ab)
        const tangent = Math.sign(ratio || 1) / (Math.abs(ratio) + Math.hypot(1, ratio))
        const cosine = 1 / Math.hypot(1, tangent)
        turn(a, b, cosine, cosine * tangent)
      }
    if (!isTurned) break
  }
  return columns.reduce((sum, column) => sum + Math.sqrt(dot(column, column)), 0)
}

function turn(a: Float64Array, b: Float64Array, cosine: number, sine: number): void {
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i] as number, b[i] as number]
    a[i] = cosine * x - sine * y
    b[i] = sine * x + cosine * y
  }
}
