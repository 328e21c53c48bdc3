import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'

interface Conv2dParams {
  readonly stride: number
  /** Zero rows and columns added: top, left, bottom, right. */
  readonly padding: readonly [number, number, number, number]
}

export const conv2dOp: Op<Conv2dParams> = {
  name: 'conv2d',
  infer(inputs, { stride, padding }) {
    const [x, weight, bias] = inputs as [Value, Value, Value?]
    const [batch, channels, height, width] = x.shape as [number, number, number, number]
    const [out, taken, rows, columns] = weight.shape as [number, number, number, number]
    if (x.shape.length !== 4 || weight.shape.length !== 4 || channels !== taken)
      clash('conv2d', 'x [n, in, h, w] and the weight [out, in, kh, kw] differ in channels', inputs)
    if (bias && (bias.shape.length !== 1 || bias.shape[0] !== out)) clash('conv2d', 'the bias is not [out]', inputs)
    if (inputs.some(value => value.dtype !== 'f32')) clash('conv2d', 'takes f32', inputs)
    const [top, left, bottom, right] = padding
    if (!Number.isInteger(stride) || stride < 1) clash('conv2d', `${stride} is no stride`, inputs)
    const h = Math.floor((height + top + bottom - rows) / stride) + 1
    const w = Math.floor((width + left + right - columns) / stride) + 1
    if (h < 1 || w < 1) clash('conv2d', 'the kernel is larger than the padded picture', inputs)
    return { shape: [batch, out, h, w], dtype: 'f32' }
  },
  emit(emitter, inputs, { params }) {
    const { stride, padding } = params
    return emitter.node('Conv', inputs, { strides: [stride, stride], pads: padding })
  },
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
