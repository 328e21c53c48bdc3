import { add } from '../../graph/ops/add.ts'
import { concat } from '../../graph/ops/concat.ts'
import { cos } from '../../graph/ops/cos.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { sin } from '../../graph/ops/sin.ts'
import { constant, type Value } from '../../graph/value.ts'
import { f32, type Shape } from '../../tensor/tensor.ts'
import { linearLayer, silu } from '../layers.ts'
import type { Parameters } from '../parameters.ts'
import type { GuideConfig, GuideInputs } from './kind.ts'

/** Widths of `timeFeatures` and `scaleFeatures`. */
export const timeWidth = 24
export const scaleWidth = 12

/** Width of the text states that a guide was built for. */
export const textWidth = ({ shapes }: GuideConfig): number =>
  ((shapes.get('cond.mlp.0.weight')?.[1] ?? 0) - timeWidth - scaleWidth) / 2

/** The shapes of the tensors that `conditioning` uses, for text states and a result of these widths. */
export const conditioningShapes = (text: number, told: number): [string, Shape][] => [
  ['cond.mlp.0.weight', [told, timeWidth + scaleWidth + 2 * text]],
  ['cond.mlp.0.bias', [told]],
  ['cond.mlp.2.weight', [told, told]],
  ['cond.mlp.2.bias', [told]],
]

/** What a guide is told, as one vector [n, width]: time, guidance, prompt, and how it differs from the negative prompt. */
export function conditioning({ shapes }: GuideConfig, p: Parameters, inputs: GuideInputs): Value {
  const { timestep, guidance, positive, negative } = inputs
  const width = shapes.get('cond.mlp.0.weight')?.[0] ?? 0
  const features = [timeFeatures(timestep), scaleFeatures(guidance), positive, add(positive, times(negative, -1))]
  const told = concat(features, 1)
  return silu(linearLayer(p, 'cond.mlp.2', silu(linearLayer(p, 'cond.mlp.0', told, width)), width))
}

/** The time step [n] as [n, timeWidth]. */
export const timeFeatures = (timestep: Value): Value => fourier(times(timestep, 1 / 2000), timeWidth)

/** The guidance scale [n] as [n, scaleWidth]. */
export const scaleFeatures = (guidance: Value): Value => fourier(times(strength(guidance), 1 / 4), scaleWidth)

/** What a guide's change is multiplied by: (w - 1) / 4 [n], exactly 0 where there is no guidance. */
export const strength = (guidance: Value): Value => times(plus(guidance, -1), 1 / 4)

/** Sines, then cosines, of x pi 2^i for i below half the number of features: x [n] to [n, features]. */
function fourier(x: Value, features: number): Value {
  const half = features / 2
  const frequencies = Float32Array.from({ length: half }, (_, i) => Math.PI * 2 ** i)
  const angles = mul(reshape(x, [0, 1]), constant(f32(frequencies, [1, half])))
  return concat([sin(angles), cos(angles)], 1)
}

const scalar = (value: number): Value => constant(f32(Float32Array.of(value), [1]))
const times = (x: Value, by: number): Value => mul(x, scalar(by))

/** x + a number. */
export const plus = (x: Value, number: number): Value => add(x, scalar(number))
