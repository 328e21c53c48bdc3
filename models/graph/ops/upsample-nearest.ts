import { f32 } from '../../tensor/tensor.ts'
import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { nearest } from './resize-nearest-like.ts'
import { sumPool } from './sum-pool.ts'

interface UpsampleParams {
  readonly scale: number
}

export const upsampleNearestOp: Op<UpsampleParams> = {
  name: 'upsampleNearest',
  infer(inputs, { scale }) {
    const [x] = inputs as [Value]
    if (x.shape.length !== 4) clash('upsampleNearest', 'takes [n, channels, h, w]', inputs)
    if (x.dtype !== 'f32') clash('upsampleNearest', 'takes f32', inputs)
    if (!Number.isInteger(scale) || scale < 1) clash('upsampleNearest', `${scale} is no whole scale`, inputs)
    const [n, channels, h, w] = x.shape as [number, number, number, number]
    return { shape: [n, channels, h * scale, w * scale], dtype: 'f32' }
  },
  emit: (emitter, [x], { params: { scale } }) =>
    emitter.node('Resize', [x as string, '', emitter.constant(f32(Float32Array.of(1, 1, scale, scale)))], nearest),
  gradient: (output, { params }) => [sumPool(output, params.scale)],
}

/** Each pixel of x [n, channels, h, w] repeated `scale` times along height and width. */
export const upsampleNearest = (x: Value, scale: number): Value => apply(upsampleNearestOp, [x], { scale })
