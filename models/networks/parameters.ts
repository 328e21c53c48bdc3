import type { ConvWindow } from '../graph/ops/conv2d.ts'
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

/** What made the value of a layer, beside its parameters. */
export interface Layer {
  /** What goes in. */
  readonly from: Value
  /** How a convolution moves over it; absent for a linear layer. */
  readonly window?: ConvWindow
}

/** Sees a group normalisation's input before it is computed, and may give the result in its place. */
export type Norm = (x: Value, to: { groups: number; weight: Value; bias: Value }) => Value | undefined

/**
 * Sees, and may change, the value at a named place of a network. Every linear layer and convolution is a place under
 * its own path; a network may name others, which are feature maps and no layers.
 */
export type Inject = (place: string, value: Value, layer?: Layer) => Value

/** The same parameters for a network that `inject` is plugged into, behind what is plugged in already. */
export function injected(parameters: Parameters, inject: Inject | undefined): Parameters {
  const { inject: before } = parameters
  const both: Inject | undefined =
    before && inject ? (place, value, layer) => inject(place, before(place, value, layer), layer) : (inject ?? before)
  return Object.assign((name: string, shape: Shape) => parameters(name, shape), hooks(both, parameters.norm))
}

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
    inject && ((place, value, layer) => inject(place === '' ? path : `${path}.${place}`, value, layer)),
  )
}

/** The value of a place, with what is plugged in there. */
export const at = ({ inject }: Parameters, place: string, value: Value, layer?: Layer): Value =>
  inject ? inject(place, value, layer) : value
