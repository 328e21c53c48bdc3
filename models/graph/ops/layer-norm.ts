import { apply, clash, type Op } from '../op.ts'
import { scalar, type Value } from '../value.ts'
import { add } from './add.ts'
import { div } from './div.ts'
import { mul } from './mul.ts'
import { sqrt } from './sqrt.ts'
import { sub } from './sub.ts'
import { mean, sumTo } from './sum.ts'

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
  gradient(output, { inputs, params: { eps } }) {
    const [x, weight, bias] = inputs as [Value, Value, Value]
    const last = [x.shape.length - 1]
    const centred = sub(x, mean(x, last))
    const inverse = div(scalar(1), sqrt(add(mean(mul(centred, centred), last), scalar(eps))))
    const normal = mul(centred, inverse)
    const scaled = mul(output, weight)
    const straightened = sub(sub(scaled, mean(scaled, last)), mul(normal, mean(mul(scaled, normal), last)))
    return [mul(straightened, inverse), sumTo(mul(output, normal), weight.shape), sumTo(output, bias.shape)]
  },
}

/** Layer normalisation over the last axis (Ba et al. 2016); weight and bias [size of that axis]. */
export const layerNorm = (x: Value, weight: Value, bias: Value, eps: number): Value =>
  apply(layerNormOp, [x, weight, bias], { eps })
