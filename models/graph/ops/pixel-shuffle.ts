import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { pixelUnshuffle } from './pixel-unshuffle.ts'

interface PixelShuffleParams {
  readonly block: number
}

export const pixelShuffleOp: Op<PixelShuffleParams> = {
  name: 'pixelShuffle',
  infer(inputs, { block }) {
    const [x] = inputs as [Value]
    const [n, channels, h, w] = x.shape as [number, number, number, number]
    if (x.shape.length !== 4 || channels % block ** 2 !== 0)
      clash('pixelShuffle', `x [n, channels, h, w] has no channels in blocks of ${block ** 2}`, inputs)
    if (x.dtype !== 'f32') clash('pixelShuffle', 'takes f32', inputs)
    return { shape: [n, channels / block ** 2, h * block, w * block], dtype: 'f32' }
  },
  emit: (emitter, inputs, { params }) => emitter.node('DepthToSpace', inputs, { blocksize: params.block, mode: 'CRD' }),
  gradient: (output, { params }) => [pixelUnshuffle(output, params.block)],
}

/** torch's pixel_shuffle: channel c * block^2 + i * block + j becomes pixel (i, j) of each block of channel c. */
export const pixelShuffle = (x: Value, block: number): Value => apply(pixelShuffleOp, [x], { block })
