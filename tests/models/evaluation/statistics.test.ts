import { describe, expect, it } from 'vitest'
import {
  bootstrapDraws,
  interval,
  mean,
  once,
  recovery,
  type Statistic,
} from '../../../models/evaluation/statistics/draws.ts'
import type { Features } from '../../../models/evaluation/statistics/features.ts'
import { frechetDistance, type Gaussian, gaussianOf } from '../../../models/evaluation/statistics/frechet.ts'
import { kernelDistance } from '../../../models/evaluation/statistics/kernel-distance.ts'
import { meanPsnr, meanSquare, psnrOf } from '../../../models/evaluation/statistics/psnr.ts'
import { Generator } from '../../../models/tensor/random.ts'
import { spearman } from '../../support/rank.ts'

const gaussian = (mean: number[], covariance: number[][]): Gaussian => ({
  mean: Float64Array.from(mean),
  covariance: covariance.map(row => Float64Array.from(row)),
})

/** Rows of unit length around a direction. */
function vectors(count: number, seed: number, towards = 0): Features {
  const [width, generator] = [8, new Generator(seed)]
  const rows = generator.normals(count * width)
  for (let i = 0; i < count; i++) {
    const row = rows.subarray(i * width, (i + 1) * width)
    row[0] = (row[0] as number) + towards
    const length = Math.hypot(...row)
    for (let k = 0; k < width; k++) row[k] = (row[k] as number) / length
  }
  return { rows, width }
}

describe('Frechet distance', () => {
  it('is the closed form where the covariances commute', () => {
    // |m|^2 + sum (s1 - s2)^2 of standard deviations
    const [a, b] = [gaussian([0, 1], [[4, 0], [0, 9]]), gaussian([3, 5], [[1, 0], [0, 25]])] // biome-ignore format: as it is read
    expect(frechetDistance(a, b)).toBeCloseTo(9 + 16 + 1 + 4, 9)
  })

  it('is the closed form for two dimensions that do not commute', () => {
    const [p, q] = [[[2, 1], [1, 3]], [[1, -0.5], [-0.5, 2]]] // biome-ignore format: as it is read
    // tr (P Q)^(1/2) of 2 x 2 matrices is sqrt(tr PQ + 2 sqrt(det P det Q)).
    const product = 2 * 1 + 1 * -0.5 + (1 * -0.5 + 3 * 2)
    const root = Math.sqrt(product + 2 * Math.sqrt(5 * 1.75))
    expect(frechetDistance(gaussian([0, 0], p), gaussian([0, 0], q))).toBeCloseTo(5 + 3 - 2 * root, 9)
  })

  it('is 0 to itself, also where fewer examples than dimensions leave nothing to invert', () => {
    const few = gaussianOf(vectors(5, 1), once(5))
    expect(frechetDistance(few, few)).toBeCloseTo(0, 6)
    const covariance = gaussianOf({ rows: Float32Array.of(1, 2, 3, 6), width: 2 }, once(2))
    expect(covariance.covariance.map(row => [...row])).toEqual([[2, 4], [4, 8]]) // biome-ignore format: as it is read
  })
})

describe('kernel distance', () => {
  it('is unbiased: about 0 over halves of one distribution, on both sides of it', () => {
    const distances = Array.from({ length: 40 }, (_, seed) =>
      kernelDistance(vectors(40, 2 * seed + 1), vectors(40, 2 * seed + 2))(once(40)),
    )
    const average = distances.reduce((sum, value) => sum + value, 0) / distances.length
    const apart = kernelDistance(vectors(40, 1), vectors(40, 2, 2))(once(40))
    expect(Math.abs(average)).toBeLessThan(apart / 50)
    expect(Math.min(...distances)).toBeLessThan(0)
    expect(Math.max(...distances)).toBeGreaterThan(0)
  })

  it('is the naive sum over pairs', () => {
    const [a, b] = [vectors(3, 1), vectors(3, 2)]
    const row = ({ rows, width }: Features, i: number) => [...rows.subarray(i * width, (i + 1) * width)]
    const k = (x: number[], y: number[]) => (x.reduce((sum, value, i) => sum + value * (y[i] as number), 0) + 1) ** 3
    let expected = 0
    for (let i = 0; i < 3; i++)
      for (let j = 0; j < 3; j++) {
        if (i !== j) expected += (k(row(a, i), row(a, j)) + k(row(b, i), row(b, j))) / 6
        expected -= (2 * k(row(a, i), row(b, j))) / 9
      }
    expect(kernelDistance(a, b)(once(3))).toBeCloseTo(expected, 9)
  })
})

describe('recovery', () => {
  const [none, cfg, half]: [Statistic, Statistic, Statistic] = [() => 10, () => 2, () => 6]

  it('is 1 for CFG against itself, 0 for no guidance, and in between what lies in between', () => {
    expect(recovery(cfg, none, cfg)(once(1))).toBe(1)
    expect(recovery(none, none, cfg)(once(1))).toBe(0)
    expect(recovery(half, none, cfg)(once(1))).toBe(0.5)
    expect(recovery(() => 14, none, cfg)(once(1))).toBe(-0.5)
  })

  it('is no number where CFG changes nothing', () => {
    expect(interval(recovery(none, none, none), bootstrapDraws(4, 10, 0))).toBeNull()
  })
})

describe('bootstrap', () => {
  it('draws as many as there are', () => {
    for (const counts of bootstrapDraws(20, 30, 1)) expect(counts.reduce((sum, count) => sum + count, 0)).toBe(20)
  })

  it('covers the mean in about 95 of 100 samples', () => {
    let covered = 0
    for (let seed = 0; seed < 100; seed++) {
      const sample = new Generator(seed).normals(40).map(value => value + 3)
      const [low, high] = interval(mean(sample), bootstrapDraws(40, 200, seed)) as [number, number]
      if (low <= 3 && high >= 3) covered++
    }
    expect(covered).toBeGreaterThan(86)
    expect(covered).toBeLessThan(100)
  })
})

describe('PSNR', () => {
  it('is that of a known difference, and infinite between the same pictures', () => {
    const [a, b] = [Uint8Array.of(0, 0, 0, 0), Uint8Array.of(10, 10, 10, 10)]
    expect(psnrOf(meanSquare(a, b))).toBeCloseTo(20 * Math.log10(25.5), 9)
    expect(psnrOf(meanSquare(a, a))).toBe(Number.POSITIVE_INFINITY)
    expect(meanPsnr([0, 0])).toBeNull()
  })
})

it("gives Spearman's rank correlation", () => {
  expect(spearman([1, 2, 3, 4], [10, 20, 30, 40])).toBe(1)
  expect(spearman([1, 2, 3, 4], [4, 3, 2, 1])).toBe(-1)
  expect(spearman([86, 97, 99, 100, 101, 103, 106, 110, 112, 113], [2, 20, 28, 27, 50, 29, 7, 17, 6, 12])).toBeCloseTo(
    -0.1758,
    4,
  )
})
