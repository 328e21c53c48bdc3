import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { broadcast, type NoParams } from './elementwise.ts'
import { sumTo } from './sum.ts'
import { transposed } from './transpose.ts'

export const matmulOp: Op<NoParams> = {
  name: 'matmul',
  infer(inputs) {
    const [a, b] = inputs as [Value, Value]
    const [rows, taken] = a.shape.slice(-2)
    const [given, columns] = b.shape.slice(-2)
    if (a.shape.length < 2 || b.shape.length < 2 || taken !== given)
      clash('matmul', 'a [..., m, k] and b [..., k, n] differ in k', inputs)
    if (inputs.some(value => value.dtype !== 'f32')) clash('matmul', 'takes f32', inputs)
    const leading = broadcast(a.shape.slice(0, -2), b.shape.slice(0, -2))
    if (!leading) clash('matmul', 'the leading axes do not broadcast', inputs)
    return { shape: [...leading, rows as number, columns as number], dtype: 'f32' }
  },
  emit: (emitter, inputs) => emitter.node('MatMul', inputs),
  gradient(output, { inputs }) {
    const [a, b] = inputs as [Value, Value]
    return [sumTo(matmul(output, transposed(b)), a.shape), sumTo(matmul(transposed(a), output), b.shape)]
  },
}

/** Products of matrices a [..., m, k] and b [..., k, n]; the leading axes are broadcast. */
export const matmul = (a: Value, b: Value): Value => apply(matmulOp, [a, b], {})
