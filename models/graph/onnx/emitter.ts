import type { Tensor } from '../../tensor/tensor.ts'

/** Attributes of an ONNX node: numbers are integers unless wrapped by `float`. */
export type Attribute = number | string | readonly number[] | { readonly float: number }
export type Attributes = Readonly<Record<string, Attribute>>

/**
 * Ops that can be written as one operator which onnxruntime has a fast form of. Each has a naive form too, of standard
 * operators: the reference that the fused form is tested against, and what devices get whose own form is wrong.
 */
export const fusable = ['attention', 'groupNorm'] as const
export type Fusable = (typeof fusable)[number]

/** What an op sees of the ONNX graph that is being written. */
export interface Emitter {
  /** What is written as one operator. */
  readonly fused: ReadonlySet<Fusable>
  /** Adds a node and returns the name of its (first) result. An empty input name stands for one left out. */
  node(type: string, inputs: readonly string[], attributes?: Attributes): string
  /** A small tensor; equal ones are shared. */
  constant(tensor: Tensor): string
  /** One number, of the type that the op is computed in. */
  scalar(value: number): string
  /** A list of integers as a tensor [n], the form in which shapes and axes are given. */
  integers(...values: number[]): string
}

/** Operators of onnxruntime's own domain are written with this prefix. */
export const contrib = 'com.microsoft:'
