import type { Value } from '../graph/value.ts'
import type { Shape } from '../tensor/tensor.ts'

/**
 * Where a network takes its parameters from: the f32 value under a diffusers name, checked to have `shape`.
 * Each network asks for exactly the parameters that it uses, so asking is also how a file is checked.
 */
export interface Parameters {
  (name: string, shape: Shape): Value
  /** What is plugged into the network that asks; see `injected`. */
  readonly inject?: Inject
  /** How group normalisations are computed, where not from their own input; see `withNorm`. */
  readonly norm?: Norm
}

/** Sees a group normalisation's input before it is computed, and may give the result in its place. */
export type Norm = (x: Value, to: { groups: number; weight: Value; bias: Value }) => Value | undefined

/**
 * Sees, and may change, the value at a named place of a network. Every linear layer and convolution is a place under
 * its own path, with what goes into it as `from`; a network may name others, which are feature maps.
 */
export type Inject = (place: string, value: Value, from?: Value) => Value

/** The same parameters for a network that `inject` is plugged into. */
export const injected = (parameters: Parameters, inject: Inject | undefined): Parameters =>
  Object.assign((name: string, shape: Shape) => parameters(name, shape), hooks(inject, parameters.norm))

/** The same parameters for a network whose group normalisations `norm` sees. */
export const withNorm = (parameters: Parameters, norm: Norm): Parameters =>
  Object.assign((name: string, shape: Shape) => parameters(name, shape), hooks(parameters.inject, norm))

const hooks = (inject: Inject | undefined, norm: Norm | undefined) => ({
  ...(inject && { inject }),
  ...(norm && { norm }),
})

/** The parameters below a path: `scope(p, 'mid_block')('norm.weight', ...)` asks for `mid_block.norm.weight`. */
export const scope = (parameters: Parameters, path: string): Parameters => {
  const { inject, norm } = parameters
  return injected(
    Object.assign((name: string, shape: Shape) => parameters(`${path}.${name}`, shape), hooks(undefined, norm)),
    inject && ((place, value, from) => inject(place === '' ? path : `${path}.${place}`, value, from)),
  )
}

/** The value of a place, with what is plugged in there. */
export const at = ({ inject }: Parameters, place: string, value: Value, from?: Value): Value =>
  inject ? inject(place, value, from) : value
