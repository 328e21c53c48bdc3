import { i64 } from '../../tensor/tensor.ts'
import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { pixelShuffle } from './pixel-shuffle.ts'

interface PixelUnshuffleParams {
  readonly block: number
}

export const pixelUnshuffleOp: Op<PixelUnshuffleParams> = {
  name: 'pixelUnshuffle',
  infer(inputs, { block }) {
    const [x] = inputs as [Value]
    const [n, channels, h, w] = x.shape as [number, number, number, number]
    if (x.shape.length !== 4 || h % block !== 0 || w % block !== 0)
      clash('pixelUnshuffle', `the sides do not divide into blocks of ${block}`, inputs)
    if (x.dtype !== 'f32') clash('pixelUnshuffle', 'takes f32', inputs)
    return { shape: [n, channels * block ** 2, h / block, w / block], dtype: 'f32' }
  },
  /** ONNX puts the place in the block first and the channel last; the gather brings torch's order. */
  emit(emitter, inputs, { inputs: [x], params: { block } }) {
    const channels = (x as Value).shape[1] as number
    const places = block ** 2
    const order = Array.from({ length: channels * places }, (_, i) => (i % places) * channels + Math.floor(i / places))
    const folded = emitter.node('SpaceToDepth', inputs, { blocksize: block })
    return emitter.node('Gather', [folded, emitter.constant(i64(order))], { axis: 1 })
  },
  gradient: (output, { params }) => [pixelShuffle(output, params.block)],
}

/** torch's pixel_unshuffle, the inverse of `pixelShuffle`: each block's pixels become channels. */
export const pixelUnshuffle = (x: Value, block: number): Value => apply(pixelUnshuffleOp, [x], { block })
