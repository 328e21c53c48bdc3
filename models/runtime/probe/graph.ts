import { add } from '../../graph/ops/add.ts'
import { attention } from '../../graph/ops/attention.ts'
import { conv2d } from '../../graph/ops/conv2d.ts'
import { cos } from '../../graph/ops/cos.ts'
import { gelu } from '../../graph/ops/gelu.ts'
import { groupNorm } from '../../graph/ops/group-norm.ts'
import { layerNorm } from '../../graph/ops/layer-norm.ts'
import { linear } from '../../graph/ops/linear.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { reshapeLike } from '../../graph/ops/reshape-like.ts'
import { resizeNearestLike } from '../../graph/ops/resize-nearest-like.ts'
import { sigmoid } from '../../graph/ops/sigmoid.ts'
import { transpose } from '../../graph/ops/transpose.ts'
import { constant, input, type Value } from '../../graph/value.ts'
import { Generator } from '../../tensor/random.ts'
import { elements, f32, type Tensor } from '../../tensor/tensor.ts'

const channels = 64
const heads = 4
const tokens = 77

interface ProbeGraph {
  readonly outputs: { readonly y: Value }
  readonly inputs: Readonly<Record<'sample' | 'timestep' | 'context', Tensor>>
}

/**
 * A network in small of the operators that decide: a convolution, group norms that tell whether the epsilon and the
 * variance of small numbers are right, attention to itself and to a text, linear layers, GELU, an upsampling, angles.
 * The graph is the same for every side of the sample, which is a multiple of 2.
 */
export function probeGraph(side: number): ProbeGraph {
  const generator = new Generator(0)
  const random = (shape: readonly number[], scale = 1): Tensor =>
    f32(
      generator
        .normals(Math.max(16, elements(shape)))
        .map(value => value * scale)
        .subarray(0, elements(shape)),
      shape,
    )
  const weight = (...shape: readonly number[]) => constant(random(shape, 1 / Math.sqrt(elements(shape.slice(1)))))
  const all = (value: number, size = channels) => constant(f32(new Float32Array(size).fill(value)))
  const norm = (x: Value, eps: number) => groupNorm(x, all(1), all(0.1), 32, eps)
  const dense = (x: Value) => linear(x, weight(channels, channels), all(0.1))

  const inputs = {
    sample: random([1, channels, side, side]),
    timestep: f32(Float32Array.of(999)),
    context: random([1, tokens, channels]),
  }
  const sample = input('sample', inputs.sample, ['batch', null, 'height', 'width'])
  const timestep = input('timestep', inputs.timestep, ['batch'])
  const context = input('context', inputs.context, ['batch', 'tokens', null])

  const half = conv2d(sample, weight(channels, channels, 3, 3), all(0.1), { stride: 2, padding: 1 })
  const wide = resizeNearestLike(half, sample)
  const small = mul(wide, constant(f32(Float32Array.of(1e-3))))
  const normed = add(norm(small, 1e-6), norm(small, 1e-5))
  const angles = mul(
    reshape(timestep, [0, 1]),
    constant(f32(Float32Array.from({ length: channels }, (_, i) => 1 / (i + 1)))),
  )
  const timed = add(normed, reshape(cos(angles), [0, channels, 1, 1]))
  const active = conv2d(mul(timed, sigmoid(timed)), weight(channels, channels, 3, 3), all(0), { padding: 1 })
  const pixels = transpose(reshape(active, [0, 0, -1]), [0, 2, 1])
  const own = layerNorm(pixels, all(1), all(0), 1e-5)
  const seen = add(dense(attention(dense(own), dense(own), dense(own), heads)), pixels)
  const told = add(dense(attention(dense(seen), dense(context), dense(context), heads)), seen)
  const y = add(reshapeLike(transpose(gelu(dense(told)), [0, 2, 1]), sample), sample)
  return { outputs: { y }, inputs }
}
