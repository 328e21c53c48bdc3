import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'

interface TransposeParams {
  readonly order: readonly number[]
}

export const transposeOp: Op<TransposeParams> = {
  name: 'transpose',
  infer(inputs, { order }) {
    const [x] = inputs as [Value]
    if (order.length !== x.shape.length || !x.shape.every((_, axis) => order.includes(axis)))
      clash('transpose', `[${order.join(', ')}] is no order of the axes`, inputs)
    return { shape: order.map(axis => x.shape[axis] as number), dtype: x.dtype }
  },
  emit: (emitter, inputs, { params }) => emitter.node('Transpose', inputs, { perm: params.order }),
  gradient: (output, { params: { order } }) => [
    transpose(
      output,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
}

/** Axes in another order: axis i of the result is axis `order[i]` of x. */
export const transpose = (x: Value, order: readonly number[]): Value => apply(transposeOp, [x], { order })

/** Matrices [..., m, n] as [..., n, m]. */
export function transposed(x: Value): Value {
  const axes = x.shape.map((_, axis) => axis)
  return transpose(x, [...axes.slice(0, -2), ...axes.slice(-2).reverse()])
}
