import type { Value } from '../graph/value.ts'
import type { Shape } from '../tensor/tensor.ts'

/**
 * Where a network takes its parameters from: the f32 value under a diffusers name, checked to have `shape`.
 * Each network asks for exactly the parameters that it uses, so asking is also how a file is checked.
 */
export type Parameters = (name: string, shape: Shape) => Value

/** The parameters below a path: `scope(p, 'mid_block')('norm.weight', ...)` asks for `mid_block.norm.weight`. */
export const scope =
  (parameters: Parameters, path: string): Parameters =>
  (name, shape) =>
    parameters(`${path}.${name}`, shape)
