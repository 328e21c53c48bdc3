import { apply, clash, type Op } from '../op.ts'
import { scalar, type Value } from '../value.ts'
import type { NoParams } from './elementwise.ts'

export const afterOp: Op<NoParams> = {
  name: 'after',
  infer(inputs) {
    const [x] = inputs as [Value, Value]
    if (inputs.some(value => value.dtype !== 'f32')) clash('after', 'takes f32', inputs)
    return { shape: x.shape, dtype: 'f32' }
  },
  /** Zero times one of the signal's numbers is added: an Identity would be taken out of the graph. */
  emit(emitter, [x, signal]) {
    const row = emitter.node('Reshape', [signal as string, emitter.integers(-1)])
    const first = emitter.node('Slice', [row, emitter.integers(0), emitter.integers(1)])
    const nothing = emitter.node('Mul', [first, emitter.constant(scalar(0).tensor)])
    return emitter.node('Add', [x as string, emitter.node('Reshape', [nothing, emitter.integers()])])
  },
  gradient: output => [output, undefined],
}

/**
 * x, but not before `signal` is computed, and as another value than x: what is computed from it is computed anew.
 * Where the signal is not finite, neither is the result.
 */
export const after = (x: Value, signal: Value): Value => apply(afterOp, [x, signal], {})
