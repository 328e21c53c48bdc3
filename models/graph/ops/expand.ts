import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { broadcast } from './elementwise.ts'
import { sumTo } from './sum.ts'

interface ExpandParams {
  readonly shape: readonly number[]
}

export const expandOp: Op<ExpandParams> = {
  name: 'expand',
  infer(inputs, { shape }) {
    const [x] = inputs as [Value]
    if (broadcast(x.shape, shape)?.join() !== shape.join())
      clash('expand', `cannot be broadcast to [${shape.join(', ')}]`, inputs)
    return { shape, dtype: x.dtype }
  },
  emit: (emitter, [x], { params }) => emitter.node('Expand', [x as string, emitter.integers(...params.shape)]),
  gradient: (output, { inputs: [x] }) => [sumTo(output, (x as Value).shape)],
}

/** x broadcast to a shape; x itself where it has it. */
export const expand = (x: Value, shape: readonly number[]): Value =>
  x.shape.join() === shape.join() ? x : apply(expandOp, [x], { shape })
