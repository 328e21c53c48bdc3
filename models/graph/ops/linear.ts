import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import type { NoParams } from './elementwise.ts'
import { matmul } from './matmul.ts'
import { reshape } from './reshape.ts'
import { sum } from './sum.ts'
import { transposed } from './transpose.ts'

export const linearOp: Op<NoParams> = {
  name: 'linear',
  infer(inputs) {
    const [x, weight, bias] = inputs as [Value, Value, Value?]
    const [out, width] = weight.shape
    if (weight.shape.length !== 2 || x.shape.length === 0 || x.shape.at(-1) !== width)
      clash('linear', 'the last axis of x and of the weight [out, in] differ', inputs)
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== out)) clash('linear', 'the bias is not [out]', inputs)
    if (inputs.some(value => value.dtype !== 'f32')) clash('linear', 'takes f32', inputs)
    return { shape: [...x.shape.slice(0, -1), out as number], dtype: 'f32' }
  },
  /** Gemm reads the weight as it lies in the file: a MatMul would make onnxruntime keep a transposed copy. */
  emit(emitter, [x, ...parameters], node) {
    const [value, weight] = node.inputs as [Value, Value]
    const [out, width] = weight.shape as [number, number]
    const gemm = (rows: string) => emitter.node('Gemm', [rows, ...parameters], { transB: 1 })
    if (value.shape.length === 2) return gemm(x as string)
    const rows = emitter.node('Reshape', [x as string, emitter.integers(-1, width)])
    const leading = emitter.node('Shape', [x as string], { end: -1 })
    const shape = emitter.node('Concat', [leading, emitter.integers(out)], { axis: 0 })
    return emitter.node('Reshape', [gemm(rows), shape])
  },
  gradient(output, { inputs }) {
    const [x, weight, bias] = inputs as [Value, Value, Value?]
    const [out, width] = weight.shape as [number, number]
    const rows = reshape(output, [-1, out])
    return [
      reshape(matmul(rows, weight), x.shape),
      matmul(transposed(rows), reshape(x, [-1, width])),
      bias && reshape(sum(rows, [0]), bias.shape),
    ]
  },
}

/** x weight^T + bias over the last axis of x [..., in]; weight [out, in], bias [out] or none. */
export const linear = (x: Value, weight: Value, bias?: Value): Value =>
  apply(linearOp, bias ? [x, weight, bias] : [x, weight], {})
