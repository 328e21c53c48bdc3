import { elements } from '../../tensor/tensor.ts'
import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import type { NoParams } from './elementwise.ts'
import { reshape } from './reshape.ts'

export const reshapeLikeOp: Op<NoParams> = {
  name: 'reshapeLike',
  infer(inputs) {
    const [x, like] = inputs as [Value, Value]
    if (elements(x.shape) !== elements(like.shape)) clash('reshapeLike', 'the numbers of elements differ', inputs)
    return { shape: like.shape, dtype: x.dtype }
  },
  emit: (emitter, [x, like]) => emitter.node('Reshape', [x as string, emitter.node('Shape', [like as string])]),
  gradient: (output, { inputs: [x] }) => [reshape(output, (x as Value).shape), undefined],
}

/** The elements of x in the shape of `like`: the way back where two sizes are free. */
export const reshapeLike = (x: Value, like: Value): Value => apply(reshapeLikeOp, [x, like], {})
