import { onnxType } from '../onnx/types.ts'
import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { sumTo } from './sum.ts'

export type NoParams = Readonly<Record<string, never>>

/** numpy's broadcasting of two shapes; undefined where they clash. */
export function broadcast(a: readonly number[], b: readonly number[]): number[] | undefined {
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

/**
 * An op on two values that are broadcast to a common shape. `gradient` gives those of both in that shape; where one
 * was broadcast, its gradients are added up.
 */
export function binary(
  name: string,
  onnx: string,
  gradient: (output: Value, a: Value, b: Value) => readonly [Value, Value],
): Op<NoParams> {
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
    gradient(output, { inputs }) {
      const [a, b] = inputs as [Value, Value]
      const [forA, forB] = gradient(output, a, b)
      return [sumTo(forA, a.shape), sumTo(forB, b.shape)]
    },
  }
}

/** An op on each element x of an f32 value; y is the result. */
export function unary(
  name: string,
  onnx: string,
  gradient: (output: Value, x: Value, y: Value) => Value,
): Op<NoParams> {
  return {
    name,
    infer(inputs) {
      const [x] = inputs as [Value]
      if (x.dtype !== 'f32') clash(name, 'takes f32', inputs)
      return { shape: x.shape, dtype: x.dtype }
    },
    emit: (emitter, inputs) => emitter.node(onnx, inputs),
    gradient: (output, node) => [gradient(output, node.inputs[0] as Value, node)],
  }
}

/** Angles: graphics processors are allowed to be wrong by 2^-11, and by more beyond a turn; as f64 they are left to the CPU. */
export function trigonometric(...[name, onnx, slope]: Parameters<typeof unary>): Op<NoParams> {
  return {
    ...unary(name, onnx, slope),
    emit(emitter, inputs) {
      const wide = emitter.node('Cast', inputs, { to: onnxType('f64') })
      return emitter.node('Cast', [emitter.node(onnx, [wide])], { to: onnxType('f32') })
    },
  }
}

export function applyBinary(op: Op<NoParams>): (a: Value, b: Value) => Value {
  return (a, b) => apply(op, [a, b], {})
}

export function applyUnary(op: Op<NoParams>): (x: Value) => Value {
  return x => apply(op, [x], {})
}
