import { f32 } from '../../tensor/tensor.ts'
import type { Emitter } from '../onnx/emitter.ts'
import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { groupNormGradients } from './group-norm-gradients.ts'

export interface GroupNormParams {
  readonly groups: number
  readonly eps: number
}

export const groupNormOp: Op<GroupNormParams> = {
  name: 'groupNorm',
  infer(inputs, { groups }) {
    const [x, weight, bias] = inputs as [Value, Value, Value]
    const channels = x.shape[1]
    if (x.shape.length !== 4 || channels === undefined || channels % groups !== 0)
      clash('groupNorm', `x [n, channels, h, w] does not divide into ${groups} groups`, inputs)
    if ([weight, bias].some(({ shape }) => shape.length !== 1 || shape[0] !== channels))
      clash('groupNorm', 'weight and bias must be [channels]', inputs)
    if (inputs.some(value => value.dtype !== 'f32')) clash('groupNorm', 'takes f32', inputs)
    return { shape: x.shape, dtype: 'f32' }
  },
  emit(emitter, [x, weight, bias], { params: { groups, eps } }) {
    const grouped = emitter.node('Reshape', [x as string, emitter.integers(0, groups, -1)])
    const normal = (emitter.fused.has('groupNorm') ? fused : naive)(emitter, grouped, groups, eps)
    const back = emitter.node('Reshape', [normal, emitter.node('Shape', [x as string])])
    const perChannel = (name: string) => emitter.node('Unsqueeze', [name, emitter.integers(1, 2)])
    return emitter.node('Add', [emitter.node('Mul', [back, perChannel(weight as string)]), perChannel(bias as string)])
  },
  gradient: (output, { inputs, params }) => groupNormGradients(output, inputs as [Value, Value, Value], params),
}

/** Makes the rows of [n, groups, elements] have mean 0 and variance 1. */
type Emission = (emitter: Emitter, grouped: string, groups: number, eps: number) => string

/** Groups become the channels of an instance normalisation, as ONNX's own definition of the op has it. */
const fused: Emission = (emitter, grouped, groups, eps) => {
  const ones = emitter.constant(f32(new Float32Array(groups).fill(1)))
  const zeros = emitter.constant(f32(new Float32Array(groups)))
  return emitter.node('InstanceNormalization', [grouped, ones, zeros], { epsilon: { float: eps } })
}

const naive: Emission = (emitter, grouped, _groups, eps) => {
  const mean = (of: string) => emitter.node('ReduceMean', [of, emitter.integers(-1)], { keepdims: 1 })
  const centred = emitter.node('Sub', [grouped, mean(grouped)])
  const variance = mean(emitter.node('Mul', [centred, centred]))
  const above = emitter.node('Add', [variance, emitter.scalar(eps)])
  return emitter.node('Div', [centred, emitter.node('Sqrt', [above])])
}

/** Group normalisation (Wu and He 2018) of x [n, channels, h, w]; weight and bias [channels]. */
export const groupNorm = (x: Value, weight: Value, bias: Value, groups: number, eps: number): Value =>
  apply(groupNormOp, [x, weight, bias], { groups, eps })
