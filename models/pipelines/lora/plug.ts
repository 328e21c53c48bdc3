import { add } from '../../graph/ops/add.ts'
import { concat } from '../../graph/ops/concat.ts'
import { conv2d } from '../../graph/ops/conv2d.ts'
import { linear } from '../../graph/ops/linear.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { constant, input, type Value } from '../../graph/value.ts'
import { injected, type Layer, type Parameters } from '../../networks/parameters.ts'
import { f32, type Shape } from '../../tensor/tensor.ts'
import type { LayerChange, Lora } from './load.ts'

/** The graph input [1] that says how strong the LoRA of that place in the list is. */
export const strengthInput = (index: number): string => `lora.${index}`

interface Plugged extends LayerChange {
  readonly strength: Value
}

/**
 * The parameters of a network with LoRAs plugged in. Each adds a graph input, its strength; where that is 0, the
 * network is the base. Low-rank changes stand beside their layers, those of several LoRAs as one of their joint rank:
 * out + up (scale * down (from)). Others are computed once, when the session is loaded, and added to the weight.
 */
export function withLoras(parameters: Parameters, network: string, loras: readonly Lora[]): Parameters {
  const plugged = loras.flatMap(({ changes }, index) => {
    const strength = input(strengthInput(index), { shape: [1], dtype: 'f32' })
    return (changes.get(network) ?? []).map(change => ({ ...change, strength }))
  })
  const beside = Map.groupBy(
    plugged.filter(({ change }) => change.lowRank),
    ({ place }) => place,
  )
  const within = Map.groupBy(
    plugged.filter(({ change }) => !change.lowRank),
    ({ place }) => `${place}.weight`,
  )
  const weighted = (name: string, shape: Shape) =>
    (within.get(name) ?? []).reduce(
      (sum, own) => add(sum, mul(reshape(own.change.delta(), shape), scaleOf(own, 1))),
      parameters(name, shape),
    )
  return injected(
    Object.assign(weighted, parameters.inject && { inject: parameters.inject }),
    (place, value, layer) => {
      const own = beside.get(place)
      return own && layer ? add(value, branch(own, layer)) : value
    },
  )
}

/** Strength times scale, once for each rank. */
const scaleOf = ({ strength, scale }: Plugged, rank: number): Value =>
  mul(strength, constant(f32(new Float32Array(rank).fill(scale))))

/** What several low-rank changes of one layer add to its result. */
function branch(plugged: readonly Plugged[], { from, window }: Layer): Value {
  const factors = plugged.flatMap(own => {
    const { lowRank, rank = 0 } = own.change
    const [out = 0, ...columns] = own.shape
    if (!lowRank) return []
    const [down, up] = [reshape(lowRank.down, [rank, ...columns]), reshape(lowRank.up, [out, rank])]
    return [{ down, up, scale: scaleOf(own, rank) }]
  })
  const joined = (name: keyof (typeof factors)[number], axis: number) =>
    factors.length === 1
      ? (factors[0] as (typeof factors)[number])[name]
      : concat(
          factors.map(each => each[name]),
          axis,
        )
  const [down, up, scale] = [joined('down', 0), joined('up', 1), joined('scale', 0)]
  if (!window) return linear(mul(linear(from, down), scale), up)
  const [out, rank] = up.shape as [number, number]
  const low = mul(conv2d(from, down, undefined, window), reshape(scale, [rank, 1, 1]))
  return conv2d(low, reshape(up, [out, rank, 1, 1]), undefined)
}
