import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import type { NoParams } from './elementwise.ts'
import { mul } from './mul.ts'
import { sub } from './sub.ts'
import { sum } from './sum.ts'

export const softmaxOp: Op<NoParams> = {
  name: 'softmax',
  infer(inputs) {
    const [x] = inputs as [Value]
    if (x.shape.length === 0) clash('softmax', 'there is no last axis', inputs)
    if (x.dtype !== 'f32') clash('softmax', 'takes f32', inputs)
    return { shape: x.shape, dtype: 'f32' }
  },
  emit: (emitter, inputs) => emitter.node('Softmax', inputs, { axis: -1 }),
  gradient(output, y) {
    const share = sum(mul(output, y), [y.shape.length - 1])
    return [mul(y, sub(output, share))]
  },
}

/** Exponentials along the last axis, divided by their sum. */
export const softmax = (x: Value): Value => apply(softmaxOp, [x], {})
