import { concat } from '../../graph/ops/concat.ts'
import { cos } from '../../graph/ops/cos.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { sin } from '../../graph/ops/sin.ts'
import { constant, type Value } from '../../graph/value.ts'
import { f32 } from '../../tensor/tensor.ts'

/**
 * Sinusoids of the timestep [n] as [n, width], cosines first, as SD's UNets were trained with (DDPM, Ho et al.
 * 2020). The frequencies are rounded to f32 at each step as torch does: at t = 999 the last bit shows.
 */
export function timestepEmbedding(timestep: Value, width: number): Value {
  const half = width / 2
  const log = Math.fround(-Math.log(10000))
  const frequencies = Float32Array.from({ length: half }, (_, i) => Math.exp(Math.fround(Math.fround(log * i) / half)))
  const angles = mul(reshape(timestep, [0, 1]), constant(f32(frequencies, [1, half])))
  return concat([cos(angles), sin(angles)], 1)
}
