import type { Dtype } from '../tensor/dtype.ts'
import type { TensorEntry } from '../tensor/entry.ts'
import { elements, f32, type Shape, shapeText, type Tensor } from '../tensor/tensor.ts'
import type { Op } from './op.ts'

/** What is known of a value before it is computed. */
export interface Type {
  readonly shape: Shape
  readonly dtype: Dtype
}

/**
 * One value of a graph. A graph is nothing but its output values: each knows the op that makes it and that op's
 * inputs. Shapes are concrete while building, so that a clash is found where it is written; which axes stay
 * free when the graph is written as ONNX is said by the inputs' dimension names.
 */
export type Value = Input | Weight | Constant | Node

/** Given anew at every run. An axis with a name is free: the session takes any size there. */
export interface Input extends Type {
  readonly kind: 'input'
  readonly name: string
  readonly axes: readonly (string | null)[]
}

/** A frozen parameter that stays where it lies in its file. */
export interface Weight extends Type {
  readonly kind: 'weight'
  readonly entry: TensorEntry
}

/** A small tensor that is part of the graph. */
export interface Constant extends Type {
  readonly kind: 'constant'
  readonly tensor: Tensor
}

/** The result of an op. */
export interface Node<P = unknown> extends Type {
  readonly kind: 'node'
  readonly op: Op<P>
  readonly inputs: readonly Value[]
  readonly params: P
}

/** Two shapes or types that do not fit; the message shows both. */
export class ShapeError extends Error {
  override readonly name = 'ShapeError'
}

/** An input of the graph; `axes` names the free ones, `null` (or left out) keeps the given size. */
export function input(name: string, type: Type, axes: readonly (string | null)[] = []): Input {
  return { kind: 'input', name, shape: type.shape, dtype: type.dtype, axes: type.shape.map((_, i) => axes[i] ?? null) }
}

/**
 * A parameter as it lies in its file. `shape` may be another reading of the same elements (a 1x1 convolution
 * as a matrix); it defaults to the entry's own.
 */
export function weight(entry: TensorEntry, shape: Shape = entry.shape): Weight {
  if (elements(shape) !== elements(entry.shape))
    throw new ShapeError(`${entry.key} ${shapeText(entry.shape)} cannot be read as ${shapeText(shape)}`)
  return { kind: 'weight', entry, shape, dtype: entry.dtype }
}

export function constant(tensor: Tensor): Constant {
  return { kind: 'constant', tensor, shape: tensor.shape, dtype: tensor.dtype }
}

/** One number, f32 []. */
export const scalar = (value: number): Constant => constant(f32(Float32Array.of(value), []))

/** `f32 [1, 4, 64, 64]`: how values are written in messages. */
export const typeText = (value: Type): string => `${value.dtype} ${shapeText(value.shape)}`
