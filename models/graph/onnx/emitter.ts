import type { Tensor } from '../../tensor/tensor.ts'

/** Attributes of an ONNX node: numbers are integers unless wrapped by `float`. */
export type Attribute = number | string | readonly number[] | { readonly float: number }
export type Attributes = Readonly<Record<string, Attribute>>

/** What an op sees of the ONNX graph that is being written. */
export interface Emitter {
  /**
   * Whether onnxruntime's fused operators may be used. Without them only standard ONNX operators are written:
   * the naive reference that the fast form is tested against.
   */
  readonly fused: boolean
  /** Adds a node and returns the name of its (first) result. An empty input name stands for one left out. */
  node(type: string, inputs: readonly string[], attributes?: Attributes): string
  /** A small tensor; equal ones are shared. */
  constant(tensor: Tensor): string
  /** A list of integers as a tensor [n], the form in which shapes and axes are given. */
  integers(...values: number[]): string
}

/** Operators of onnxruntime's own domain are written with this prefix. */
export const contrib = 'com.microsoft:'
