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
}

/** Axes in another order: axis i of the result is axis `order[i]` of x. */
export const transpose = (x: Value, order: readonly number[]): Value => apply(transposeOp, [x], { order })
