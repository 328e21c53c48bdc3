import { f32 } from '../../tensor/tensor.ts'
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
  /** Groups become the channels of an instance normalisation, as ONNX's own definition of the op has it. */
  emit(emitter, [x, weight, bias], { params: { groups, eps } }) {
    const grouped = emitter.node('Reshape', [x as string, emitter.integers(0, groups, -1)])
    const ones = emitter.constant(f32(new Float32Array(groups).fill(1)))
    const zeros = emitter.constant(f32(new Float32Array(groups)))
    const normal = emitter.node('InstanceNormalization', [grouped, ones, zeros], { epsilon: { float: eps } })
    const back = emitter.node('Reshape', [normal, emitter.node('Shape', [x as string])])
    const perChannel = (name: string) => emitter.node('Unsqueeze', [name, emitter.integers(1, 2)])
    return emitter.node('Add', [emitter.node('Mul', [back, perChannel(weight as string)]), perChannel(bias as string)])
  },
  gradient: (output, { inputs, params }) => groupNormGradients(output, inputs as [Value, Value, Value], params),
}

/** Group normalisation (Wu and He 2018) of x [n, channels, h, w]; weight and bias [channels]. */
export const groupNorm = (x: Value, weight: Value, bias: Value, groups: number, eps: number): Value =>
  apply(groupNormOp, [x, weight, bias], { groups, eps })
