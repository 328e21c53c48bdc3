import { scalar, type Value } from '../value.ts'
import { add } from './add.ts'
import { div } from './div.ts'
import type { GroupNormParams } from './group-norm.ts'
import { mul } from './mul.ts'
import { reshape } from './reshape.ts'
import { sqrt } from './sqrt.ts'
import { sub } from './sub.ts'
import { mean, sum } from './sum.ts'

/**
 * Gradients of a group normalisation's picture, weight and bias. Everything but three products and two sums over the
 * picture is done on one number for each channel: the picture's gradient is a * output + b * centred + c.
 */
export function groupNormGradients(
  output: Value,
  [x, weight, bias]: readonly [Value, Value, Value],
  { groups, eps }: GroupNormParams,
): [Value, Value, Value] {
  const [n, channels, h, w] = x.shape as [number, number, number, number]
  const [perGroup, pixels] = [channels / groups, h * w]
  const count = scalar(perGroup * pixels)
  const grouped = reshape(x, [n, groups, perGroup * pixels])
  const centred = sub(grouped, mean(grouped, [2]))
  const inverse = div(scalar(1), sqrt(add(mean(mul(centred, centred), [2]), scalar(eps))))

  const planes = reshape(output, [n, groups, perGroup, pixels])
  const centredPlanes = reshape(centred, [n, groups, perGroup, pixels])
  const scale = reshape(weight, [1, groups, perGroup, 1])
  const rates = reshape(inverse, [n, groups, 1, 1])
  // Over the pixels of each channel: [n, groups, perGroup, 1].
  const total = sum(planes, [3])
  const product = mul(sum(mul(planes, centredPlanes), [3]), rates)

  const straight = div(sum(mul(product, scale), [2]), count)
  const level = div(sum(mul(total, scale), [2]), count)
  const slope = mul(rates, mul(rates, straight))
  const offset = mul(rates, level)
  const own = sub(sub(mul(planes, mul(rates, scale)), mul(centredPlanes, slope)), offset)
  const perChannel = (value: Value) => reshape(sum(value, [0]), [channels])
  return [reshape(own, x.shape), reshape(perChannel(product), weight.shape), reshape(perChannel(total), bias.shape)]
}
