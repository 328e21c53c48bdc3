import { add } from '../../graph/ops/add.ts'
import { concat } from '../../graph/ops/concat.ts'
import { groupMean } from '../../graph/ops/group-mean.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { reshapeLike } from '../../graph/ops/reshape-like.ts'
import { slice } from '../../graph/ops/slice.ts'
import { constant, type Value } from '../../graph/value.ts'
import { f32 } from '../../tensor/tensor.ts'
import { type Parameters, withNorm } from '../parameters.ts'

/*
 * Group normalisation is what makes tiles of a picture differ from the whole: each would be normalised by its own mean
 * and deviation. Here few cells of the whole are measured first, and then all tiles normalised by the same.
 */

/** Parameters of a network whose group normalisations are measured, and what is measured: a mean and a variance for each. */
export function measuring(parameters: Parameters): { parameters: Parameters; measured: () => Value } {
  const found: Value[] = []
  const own = withNorm(parameters, (x, { groups }) => {
    const grouped = reshape(x, [0, groups, -1])
    const mean = groupMean(x, groups)
    const off = reshapeLike(add(grouped, mul(mean, minusOne)), x)
    found.push(mean, groupMean(mul(off, off), groups))
    return undefined
  })
  // [n, 2 * groups of all, 1]
  return { parameters: own, measured: () => concat(found, 1) }
}

const minusOne = constant(f32(Float32Array.of(-1), []))

/**
 * Parameters of a network whose group normalisations take `shared` for their mean and for one over their deviation, in
 * their order: f32 [1, 2 * groups of all, 1].
 */
export function sharing(parameters: Parameters, shared: Value): Parameters {
  let at = 0
  return withNorm(parameters, (x, { groups, weight, bias }) => {
    const mean = slice(shared, 1, at, at + groups)
    const scale = slice(shared, 1, at + groups, at + 2 * groups)
    at += 2 * groups
    const normal = mul(add(reshape(x, [0, groups, -1]), mul(mean, minusOne)), scale)
    const perChannel = (value: Value) => reshape(value, [-1, 1, 1])
    return add(mul(reshapeLike(normal, x), perChannel(weight)), perChannel(bias))
  })
}
