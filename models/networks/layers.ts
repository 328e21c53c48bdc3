import { type ConvWindow, conv2d } from '../graph/ops/conv2d.ts'
import { groupNorm } from '../graph/ops/group-norm.ts'
import { layerNorm } from '../graph/ops/layer-norm.ts'
import { linear } from '../graph/ops/linear.ts'
import { mul } from '../graph/ops/mul.ts'
import { sigmoid } from '../graph/ops/sigmoid.ts'
import type { Value } from '../graph/value.ts'
import { at, type Parameters, scope } from './parameters.ts'

/** x * sigmoid(x), also called swish. */
export const silu = (x: Value): Value => mul(x, sigmoid(x))

/** A linear layer at `path`: x [..., in] to [..., out]. */
export function linearLayer(parameters: Parameters, path: string, x: Value, out: number, { bias = true } = {}): Value {
  const p = scope(parameters, path)
  const weight = p('weight', [out, x.shape.at(-1) as number])
  return at(p, '', linear(x, weight, bias ? p('bias', [out]) : undefined), { from: x })
}

/** A convolution at `path`: x [n, in, h, w] to `out` channels, with the padding that keeps the size of a 3x3. */
export function convLayer(
  parameters: Parameters,
  path: string,
  x: Value,
  out: number,
  { kernel = 3, ...options }: { kernel?: number } & ConvWindow = {},
): Value {
  const p = scope(parameters, path)
  const weight = p('weight', [out, x.shape[1] as number, kernel, kernel])
  const window = { padding: (kernel - 1) / 2, ...options }
  return at(p, '', conv2d(x, weight, p('bias', [out]), window), { from: x, window })
}

/** A group normalisation at `path`, over x [n, channels, h, w]. */
export function groupNormLayer(parameters: Parameters, path: string, x: Value, groups: number, eps: number): Value {
  const p = scope(parameters, path)
  const channels = [x.shape[1] as number]
  const [weight, bias] = [p('weight', channels), p('bias', channels)]
  return p.norm?.(x, { groups, weight, bias }) ?? groupNorm(x, weight, bias, groups, eps)
}

/** A layer normalisation at `path`, over the last axis of x. */
export function layerNormLayer(parameters: Parameters, path: string, x: Value, eps = 1e-5): Value {
  const p = scope(parameters, path)
  const width = [x.shape.at(-1) as number]
  return layerNorm(x, p('weight', width), p('bias', width), eps)
}
