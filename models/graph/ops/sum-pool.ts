import { apply, clash, type Op } from '../op.ts'
import { scalar, type Value } from '../value.ts'
import { upsampleNearest } from './upsample-nearest.ts'

interface SumPoolParams {
  readonly block: number
}

export const sumPoolOp: Op<SumPoolParams> = {
  name: 'sumPool',
  infer(inputs, { block }) {
    const [x] = inputs as [Value]
    const [n, channels, h, w] = x.shape as [number, number, number, number]
    if (x.shape.length !== 4 || h % block !== 0 || w % block !== 0)
      clash('sumPool', `the sides do not divide into blocks of ${block}`, inputs)
    if (x.dtype !== 'f32') clash('sumPool', 'takes f32', inputs)
    return { shape: [n, channels, h / block, w / block], dtype: 'f32' }
  },
  emit(emitter, inputs, { params: { block } }) {
    const means = emitter.node('AveragePool', inputs, { kernel_shape: [block, block], strides: [block, block] })
    return emitter.node('Mul', [means, emitter.constant(scalar(block ** 2).tensor)])
  },
  gradient: (output, { params }) => [upsampleNearest(output, params.block)],
}

/** The sum of each block of `block` by `block` pixels of x [n, channels, h, w]: what `upsampleNearest` turns round. */
export const sumPool = (x: Value, block: number): Value => apply(sumPoolOp, [x], { block })
