import { apply, clash, type Op } from '../op.ts'
import { scalar, type Value } from '../value.ts'
import type { NoParams } from './elementwise.ts'

export const afterOp: Op<NoParams> = {
  name: 'after',
  infer(inputs) {
    const [x] = inputs as [Value]
    if (inputs.length < 2) clash('after', 'takes signals to wait for', inputs)
    if (inputs.some(value => value.dtype !== 'f32')) clash('after', 'takes f32', inputs)
    return { shape: x.shape, dtype: 'f32' }
  },
  /** Zero times one number of each signal is added: an Identity would be taken out of the graph. */
  emit(emitter, [x, ...signals]) {
    const firsts = signals.map(signal => {
      const row = emitter.node('Reshape', [signal, emitter.integers(-1)])
      return emitter.node('Slice', [row, emitter.integers(0), emitter.integers(1)])
    })
    const total = firsts.length === 1 ? (firsts[0] as string) : emitter.node('Sum', firsts)
    const nothing = emitter.node('Mul', [total, emitter.constant(scalar(0).tensor)])
    return emitter.node('Add', [x as string, emitter.node('Reshape', [nothing, emitter.integers()])])
  },
  gradient: output => [output],
}

/**
 * x, but not before all signals are computed, and as another value than x: what is computed from it is computed anew.
 * Where a signal is not finite, neither is the result.
 */
export const after = (x: Value, ...signals: readonly Value[]): Value => apply(afterOp, [x, ...signals], {})
