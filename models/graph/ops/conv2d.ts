import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { convTranspose2d } from './conv-transpose2d.ts'
import { conv2dWeight } from './conv2d-weight.ts'
import { reshape } from './reshape.ts'
import { sum } from './sum.ts'

export interface Conv2dParams {
  readonly stride: number
  /** Zero rows and columns added: top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number]
}

export const conv2dOp: Op<Conv2dParams> = {
  name: 'conv2d',
  infer(inputs, params) {
    const [x, weight, bias] = inputs as [Value, Value, Value?]
    const [batch, channels, ...size] = x.shape as [number, number, number, number]
    const [out, taken, ...kernel] = weight.shape as [number, number, number, number]
    if (x.shape.length !== 4 || weight.shape.length !== 4 || channels !== taken)
      clash('conv2d', 'x [n, in, h, w] and the weight [out, in, kh, kw] differ in channels', inputs)
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== out)) clash('conv2d', 'the bias is not [out]', inputs)
    if (inputs.some(value => value.dtype !== 'f32')) clash('conv2d', 'takes f32', inputs)
    const { stride } = params
    if (!Number.isInteger(stride) || stride < 1) clash('conv2d', `${stride} is no stride`, inputs)
    const [h, w] = places(size, kernel, params)
    if (h < 1 || w < 1) clash('conv2d', 'the kernel is larger than the padded picture', inputs)
    return { shape: [batch, out, h, w], dtype: 'f32' }
  },
  emit(emitter, inputs, { params }) {
    const { stride, padding } = params
    return emitter.node('Conv', inputs, { strides: [stride, stride], pads: padding })
  },
  gradient(output, { inputs, params }) {
    const [x, weight, bias] = inputs as [Value, Value, Value?]
    const [, , ...size] = x.shape as [number, number, number, number]
    const [, , ...kernel] = weight.shape as [number, number, number, number]
    return [
      convTranspose2d(output, weight, { ...params, size }),
      conv2dWeight(x, output, kernel, params),
      bias && reshape(sum(output, [0, 2, 3]), bias.shape),
    ]
  },
}

/** Height and width of the result: how many places a kernel has in a padded picture. */
export function places(
  [height, width]: readonly [number, number],
  [rows, columns]: readonly [number, number],
  { stride, padding: [top, left, bottom, right] }: Conv2dParams,
): [number, number] {
  const along = (size: number, kernel: number) => Math.floor((size - kernel) / stride) + 1
  return [along(height + top + bottom, rows), along(width + left + right, columns)]
}

/** How a kernel moves over a picture: by `stride`, and over how many zeros around it (1 and none where left out). */
export interface ConvWindow {
  readonly stride?: number
  readonly padding?: number | Conv2dParams['padding']
}

/** Two-dimensional convolution of x [n, in, h, w] with weight [out, in, kh, kw] and bias [out]. */
export function conv2d(
  x: Value,
  weight: Value,
  bias: Value | undefined,
  { stride = 1, padding = 0 }: ConvWindow = {},
): Value {
  const pads = typeof padding === 'number' ? ([padding, padding, padding, padding] as const) : padding
  return apply(conv2dOp, bias ? [x, weight, bias] : [x, weight], { stride, padding: pads })
}
