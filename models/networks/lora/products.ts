import { linear } from '../../graph/ops/linear.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { transpose } from '../../graph/ops/transpose.ts'
import type { Value } from '../../graph/value.ts'
import { elements } from '../../tensor/tensor.ts'

/** A tensor with all axes but the first run together. */
export const matrix = (x: Value): Value => reshape(x, [x.shape[0] as number, elements(x.shape.slice(1))])

const turned = (x: Value): Value => transpose(x, [1, 0])

/** a b of two matrices; `b` may have more axes, which the result keeps. */
export const product = (a: Value, b: Value): Value =>
  reshape(linear(matrix(a), turned(matrix(b))), [a.shape[0] as number, ...b.shape.slice(1)])

/** A core [i, j, h, w] between two factors [i, out] and [j, in]: [out, in, h, w] (Tucker's decomposition). */
export function tucker(core: Value, left: Value, right: Value): Value {
  const [, middle, ...kernel] = core.shape as [number, number, ...number[]]
  const [out, wide] = [left.shape[1] as number, right.shape[1] as number]
  const outer = reshape(product(turned(matrix(left)), core), [out, middle, elements(kernel)])
  const both = linear(transpose(outer, [0, 2, 1]), turned(matrix(right)))
  return reshape(transpose(both, [0, 2, 1]), [out, wide, ...kernel])
}

/** Kronecker's product of a matrix [a, b] and [c, d...]: [a c, b d...]. */
export function kronecker(left: Value, right: Value): Value {
  const [a, b] = left.shape as [number, number]
  const [c, d, ...kernel] = right.shape as [number, number, ...number[]]
  const pixels = elements(kernel)
  const all = mul(reshape(left, [a, 1, b, 1, 1]), reshape(right, [1, c, 1, d, pixels]))
  return reshape(all, [a * c, b * d, ...kernel])
}
