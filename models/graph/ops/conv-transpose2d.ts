import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { type Conv2dParams, conv2d, places } from './conv2d.ts'
import { conv2dWeight } from './conv2d-weight.ts'

interface ConvTranspose2dParams extends Conv2dParams {
  /** Height and width of the result, which a stride leaves open. */
  readonly size: readonly [number, number]
}

export const convTranspose2dOp: Op<ConvTranspose2dParams> = {
  name: 'convTranspose2d',
  infer(inputs, params) {
    const [x, weight] = inputs as [Value, Value]
    const [batch, channels, height, width] = x.shape as [number, number, number, number]
    const [taken, out, ...kernel] = weight.shape as [number, number, number, number]
    if (x.shape.length !== 4 || weight.shape.length !== 4 || channels !== taken)
      clash('convTranspose2d', 'x [n, in, h, w] and the weight [in, out, kh, kw] differ in channels', inputs)
    if (inputs.some(value => value.dtype !== 'f32')) clash('convTranspose2d', 'takes f32', inputs)
    if (places(params.size, kernel, params).join() !== [height, width].join())
      clash('convTranspose2d', `no convolution of ${params.size.join(' x ')} gives this size`, inputs)
    return { shape: [batch, out, ...params.size], dtype: 'f32' }
  },
  emit(emitter, [x, weight], { inputs, params: { stride, padding, size } }) {
    const [, , rows, columns] = (inputs[1] as Value).shape as [number, number, number, number]
    const [top, left, bottom, right] = padding
    const [, , height, width] = (inputs[0] as Value).shape as [number, number, number, number]
    const pads = [rows - 1 - top, columns - 1 - left, rows - 1 - bottom, columns - 1 - right]
    // Without a stride it is a convolution with the kernel turned round, which onnxruntime does faster.
    if (stride === 1 && pads.every(count => count >= 0)) {
      const swapped = emitter.node('Transpose', [weight as string], { perm: [1, 0, 2, 3] })
      const turned =
        rows === 1 && columns === 1
          ? swapped
          : emitter.node('Slice', [
              swapped,
              emitter.integers(-1, -1),
              emitter.integers(-rows - 1, -columns - 1),
              emitter.integers(2, 3),
              emitter.integers(-1, -1),
            ])
      return emitter.node('Conv', [x as string, turned], { pads })
    }
    return emitter.node('ConvTranspose', [x as string, weight as string], {
      strides: [stride, stride],
      pads: padding,
      output_padding: [
        size[0] - ((height - 1) * stride + rows - top - bottom),
        size[1] - ((width - 1) * stride + columns - left - right),
      ],
    })
  },
  gradient(output, { inputs, params }) {
    const [x, weight] = inputs as [Value, Value]
    const [, , ...kernel] = weight.shape as [number, number, number, number]
    return [conv2d(output, weight, undefined, params), conv2dWeight(output, x, kernel, params)]
  },
}

/**
 * What `conv2d` of a picture [n, out, *size] with the weight [in, out, kh, kw] turns round: x [n, in, h, w] spread
 * over [n, out, *size].
 */
export const convTranspose2d = (x: Value, weight: Value, { stride, padding, size }: ConvTranspose2dParams): Value =>
  apply(convTranspose2dOp, [x, weight], { stride, padding, size })
