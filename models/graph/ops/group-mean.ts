import { elements } from '../../tensor/tensor.ts'
import { apply, clash, type Op } from '../op.ts'
import { scalar, type Value } from '../value.ts'
import { expand } from './expand.ts'
import { mul } from './mul.ts'
import { reshape } from './reshape.ts'

interface GroupMeanParams {
  readonly groups: number
}

export const groupMeanOp: Op<GroupMeanParams> = {
  name: 'groupMean',
  infer(inputs, { groups }) {
    const [x] = inputs as [Value]
    const [n = 0, channels = 0] = x.shape
    if (x.shape.length !== 4 || channels % groups !== 0)
      clash('groupMean', `x [n, channels, h, w] does not divide into ${groups} groups`, inputs)
    if (x.dtype !== 'f32') clash('groupMean', 'takes f32', inputs)
    return { shape: [n, groups, 1], dtype: 'f32' }
  },
  emit(emitter, [x], { params: { groups } }) {
    const grouped = emitter.node('Reshape', [x as string, emitter.integers(0, groups, -1)])
    return emitter.node('ReduceMean', [grouped, emitter.integers(-1)])
  },
  gradient(output, { inputs: [x], params: { groups } }) {
    const { shape } = x as Value
    const [n = 0] = shape
    const count = elements(shape) / (n * groups)
    return [reshape(expand(mul(output, scalar(1 / count)), [n, groups, count]), shape)]
  },
}

/** The mean of each group of channels of x [n, channels, h, w], as [n, groups, 1]. */
export const groupMean = (x: Value, groups: number): Value => apply(groupMeanOp, [x], { groups })
