import { onnxType } from '../onnx/types.ts'
import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'

export type NoParams = Readonly<Record<string, never>>
const noParams: NoParams = {}

/** numpy's broadcasting of two shapes; undefined where they clash. */
function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
  const rank = Math.max(a.length, b.length)
  const shape: number[] = []
  for (let axis = 0; axis < rank; axis++) {
    const m = a[a.length - rank + axis] ?? 1
    const n = b[b.length - rank + axis] ?? 1
    if (m !== n && m !== 1 && n !== 1) return undefined
    shape.push(m === 1 ? n : m)
  }
  return shape
}

/** An op on two values that are broadcast to a common shape. */
export function binary(name: string, onnx: string): Op<NoParams> {
  return {
    name,
    infer(inputs) {
      const [a, b] = inputs as [Value, Value]
      const shape = broadcast(a.shape, b.shape)
      if (!shape) clash(name, 'the shapes do not broadcast', inputs)
      if (a.dtype !== b.dtype) clash(name, 'the types differ', inputs)
      return { shape, dtype: a.dtype }
    },
    emit: (emitter, inputs) => emitter.node(onnx, inputs),
  }
}

/** An op on each element of an f32 value. */
export function unary(name: string, onnx: string): Op<NoParams> {
  return {
    name,
    infer(inputs) {
      const [x] = inputs as [Value]
      if (x.dtype !== 'f32') clash(name, 'takes f32', inputs)
      return { shape: x.shape, dtype: x.dtype }
    },
    emit: (emitter, inputs) => emitter.node(onnx, inputs),
  }
}

/** Angles: graphics processors are allowed to be wrong by 2^-11, and by more beyond a turn; as f64 they are left to the CPU. */
export function trigonometric(name: string, onnx: string): Op<NoParams> {
  return {
    ...unary(name, onnx),
    emit(emitter, inputs) {
      const wide = emitter.node('Cast', inputs, { to: onnxType('f64') })
      return emitter.node('Cast', [emitter.node(onnx, [wide])], { to: onnxType('f32') })
    },
  }
}

export const applyBinary =
  (op: Op<NoParams>) =>
  (a: Value, b: Value): Value =>
    apply(op, [a, b], noParams)

export const applyUnary =
  (op: Op<NoParams>) =>
  (x: Value): Value =>
    apply(op, [x], noParams)
