import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'

interface LayerNormParams {
  readonly eps: number
}

export const layerNormOp: Op<LayerNormParams> = {
  name: 'layerNorm',
  infer(inputs) {
    const [x, weight, bias] = inputs as [Value, Value, Value]
    const width = x.shape.at(-1)
    if ([weight, bias].some(({ shape }) => shape.length !== 1 || shape[0] !== width))
      clash('layerNorm', 'weight and bias must have the size of the last axis', inputs)
    if (inputs.some(value => value.dtype !== 'f32')) clash('layerNorm', 'takes f32', inputs)
    return { shape: x.shape, dtype: 'f32' }
  },
  emit: (emitter, inputs, { params }) =>
    emitter.node('LayerNormalization', inputs, { axis: -1, epsilon: { float: params.eps } }),
}

/** Layer normalisation over the last axis (Ba et al. 2016); weight and bias [size of that axis]. */
export const layerNorm = (x: Value, weight: Value, bias: Value, eps: number): Value =>
  apply(layerNormOp, [x, weight, bias], { eps })
