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
   * The gradients of a scalar with respect to each input, as graph values of that input's shape, from the scalar's
   * gradient `output` with respect to the result; undefined for an input through which none flows (indices, a value
   * that only lends its shape). What nobody asks for costs nothing: it is dead code. Sizes may be written down, as
   * training graphs are static. `none` where the op has no gradient at all.
   */
  gradient(output: Value, node: Node<P>): readonly (Value | undefined)[]
}

/** The gradient rule of an op through which nothing flows; says why. */
export const none = (why: string): (() => readonly undefined[]) & { readonly none: string } =>
  Object.assign(() => [], { none: why })

/** Applies an op: checks the inputs by its shape rule and makes the value. */
export function apply<P>(op: Op<P>, inputs: readonly Value[], params: P): Node<P> {
  const { shape, dtype } = op.infer(inputs, params)
  return { kind: 'node', op, inputs, params, shape, dtype }
}

/** Throws a `ShapeError` that names the op and shows every input's type. */
export function clash(op: string, reason: string, inputs: readonly Value[]): never {
  throw new ShapeError(`${op}: ${reason}; got ${inputs.map(typeText).join(' and ')}`)
}
