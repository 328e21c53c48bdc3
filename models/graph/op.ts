import type { Emitter } from './onnx/emitter.ts'
import { type Node, ShapeError, type Type, typeText, type Value } from './value.ts'

/**
 * All that is known of one operation, in one file of `ops/`: its parameters `P`, the shape rule, the gradient
 * rule and how it is written as ONNX.
 */
export interface Op<P = unknown> {
  readonly name: string
  /** The result's type; throws `ShapeError` where the inputs do not fit. */
  infer(inputs: readonly Value[], params: P): Type
  /** Writes the op as ONNX nodes and returns the name of its result. */
  emit(emitter: Emitter, inputs: readonly string[], node: Node<P>): string
  /**
   * The inputs' gradients as graph values, `null` for one that has none, from the gradient of the result.
   * Left out until training needs it.
   */
  gradient?(outputGradient: Value, node: Node<P>): readonly (Value | null)[]
}

/** Applies an op: checks the inputs by its shape rule and makes the value. */
export function apply<P>(op: Op<P>, inputs: readonly Value[], params: P): Node<P> {
  const { shape, dtype } = op.infer(inputs, params)
  return { kind: 'node', op, inputs, params, shape, dtype }
}

/** Throws a `ShapeError` that names the op and shows every input's type. */
export function clash(op: string, reason: string, inputs: readonly Value[]): never {
  throw new ShapeError(`${op}: ${reason}; got ${inputs.map(typeText).join(' and ')}`)
}
