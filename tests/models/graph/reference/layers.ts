import { at, atBroadcast, build, type Nd, sum } from './nd.ts'

type Four = readonly [number, number, number, number]

interface Conv2dParams {
  readonly stride: number
  readonly padding: Four
}

export function conv2d([x, weight, bias]: readonly Nd[], { stride, padding }: Conv2dParams): Nd {
  const [picture, kernel] = [x as Nd, weight as Nd]
  const [n, channels, height, width] = picture.shape as Four
  const [out, , rows, columns] = kernel.shape as Four
  const [top, left, bottom, right] = padding
  const pixel = (i: number, c: number, y: number, z: number) =>
    y < 0 || y >= height || z < 0 || z >= width ? 0 : at(picture, [i, c, y, z])
  const places = (size: number, kernelSize: number) => Math.floor((size - kernelSize) / stride) + 1
  const shape = [n, out, places(height + top + bottom, rows), places(width + left + right, columns)]
  return build(shape, index => {
    const [i, o, y, z] = index as Four
    const product = (c: number, row: number, column: number) =>
      pixel(i, c, y * stride - top + row, z * stride - left + column) * at(kernel, [o, c, row, column])
    const total = sum(channels, c => sum(rows, row => sum(columns, column => product(c, row, column))))
    return total + (bias ? at(bias, [o]) : 0)
  })
}

/** Every pixel of x adds the kernel, times itself, to the result. */
export function convTranspose2d(
  [x, weight]: readonly Nd[],
  { stride, padding: [top, left], size }: Conv2dParams & { readonly size: readonly [number, number] },
): Nd {
  const [picture, kernel] = [x as Nd, weight as Nd]
  const [n, channels, height, width] = picture.shape as Four
  const [, out, rows, columns] = kernel.shape as Four
  return build([n, out, ...size], index => {
    const [i, o, y, z] = index as Four
    const from = (h: number, w: number) => {
      const [row, column] = [y - h * stride + top, z - w * stride + left]
      if (row < 0 || row >= rows || column < 0 || column >= columns) return 0
      return sum(channels, c => at(picture, [i, c, h, w]) * at(kernel, [c, o, row, column]))
    }
    return sum(height, h => sum(width, w => from(h, w)))
  })
}

export function matmul([a, b]: readonly Nd[]): Nd {
  const [left, right] = [a as Nd, b as Nd]
  const rank = Math.max(left.shape.length, right.shape.length)
  const leading = Array.from({ length: rank - 2 }, (_, axis) =>
    Math.max(...[left, right].map(({ shape }) => shape[axis - rank + shape.length] ?? 1)),
  )
  const [m, k, n] = [left.shape.at(-2), left.shape.at(-1), right.shape.at(-1)] as [number, number, number]
  return build([...leading, m, n], index => {
    const [outer, row, column] = [index.slice(0, -2), index.at(-2) as number, index.at(-1) as number]
    return sum(k, i => atBroadcast(left, [...outer, row, i]) * atBroadcast(right, [...outer, i, column]))
  })
}

export function softmax([x]: readonly Nd[]): Nd {
  const rows = x as Nd
  return build(rows.shape, index => {
    const of = (i: number) => Math.exp(at(rows, index.with(-1, i)))
    return of(index.at(-1) as number) / sum(rows.shape.at(-1) as number, of)
  })
}

export function linear([x, weight, bias]: readonly Nd[]): Nd {
  const [rows, matrix] = [x as Nd, weight as Nd]
  const [out, width] = matrix.shape as [number, number]
  return build([...rows.shape.slice(0, -1), out], index => {
    const [leading, o] = [index.slice(0, -1), index.at(-1) as number]
    const product = sum(width, i => at(rows, [...leading, i]) * at(matrix, [o, i]))
    return product + (bias ? at(bias, [o]) : 0)
  })
}

/** Mean and standard deviation of `count` numbers. */
function moments(count: number, eps: number, value: (i: number) => number): { mean: number; deviation: number } {
  const mean = sum(count, value) / count
  const variance = sum(count, i => (value(i) - mean) ** 2) / count
  return { mean, deviation: Math.sqrt(variance + eps) }
}

export function layerNorm([x, weight, bias]: readonly Nd[], { eps }: { readonly eps: number }): Nd {
  const rows = x as Nd
  return build(rows.shape, index => {
    const last = index.at(-1) as number
    const { mean, deviation } = moments(rows.shape.at(-1) as number, eps, i => at(rows, index.with(-1, i)))
    return ((at(rows, index) - mean) / deviation) * at(weight as Nd, [last]) + at(bias as Nd, [last])
  })
}

export function groupNorm(
  [x, weight, bias]: readonly Nd[],
  { groups, eps }: { readonly groups: number; readonly eps: number },
): Nd {
  const picture = x as Nd
  const [, channels, h, w] = picture.shape as Four
  const size = channels / groups
  return build(picture.shape, index => {
    const [n, c] = index as Four
    const first = Math.floor(c / size) * size
    const { mean, deviation } = moments(size * h * w, eps, i =>
      at(picture, [n, first + Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w]),
    )
    return ((at(picture, index) - mean) / deviation) * at(weight as Nd, [c]) + at(bias as Nd, [c])
  })
}

export function attention(
  [q, k, v]: readonly Nd[],
  { heads, causal }: { readonly heads: number; readonly causal: boolean },
): Nd {
  const [query, key, value] = [q as Nd, k as Nd, v as Nd]
  const width = query.shape[2] as number
  const size = width / heads
  const tokens = key.shape[1] as number
  return build(query.shape, index => {
    const [n, t, channel] = index as [number, number, number]
    const first = Math.floor(channel / size) * size
    const seen = causal ? t + 1 : tokens
    const scores = Array.from({ length: seen }, (_, other) => {
      const product = sum(size, i => at(query, [n, t, first + i]) * at(key, [n, other, first + i]))
      return Math.exp(product / Math.sqrt(size))
    })
    const total = sum(seen, other => scores[other] as number)
    return sum(seen, other => ((scores[other] as number) / total) * at(value, [n, other, channel]))
  })
}

export function groupMean([x]: readonly Nd[], { groups }: { readonly groups: number }): Nd {
  const picture = x as Nd
  const [n, channels, height, width] = picture.shape as Four
  const each = channels / groups
  return build([n, groups, 1], ([i = 0, group = 0]) => {
    const total = sum(each, c => sum(height, y => sum(width, z => at(picture, [i, group * each + c, y, z]))))
    return total / (each * height * width)
  })
}
