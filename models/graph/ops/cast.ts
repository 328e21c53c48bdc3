import { type Dtype, isFloat } from '../../tensor/dtype.ts'
import { onnxType } from '../onnx/types.ts'
import { apply, type Op } from '../op.ts'
import type { Value } from '../value.ts'

interface CastParams {
  readonly dtype: Dtype
}

export const castOp: Op<CastParams> = {
  name: 'cast',
  infer: ([x], { dtype }) => ({ shape: (x as Value).shape, dtype }),
  emit: (emitter, inputs, { params }) => emitter.node('Cast', inputs, { to: onnxType(params.dtype) }),
  gradient: (output, { inputs: [x], dtype }) => {
    const from = (x as Value).dtype
    return [isFloat(from) && isFloat(dtype) ? cast(output, from) : undefined]
  },
}

/** The same elements as another number type; x itself where it already has it. */
export const cast = (x: Value, dtype: Dtype): Value => (x.dtype === dtype ? x : apply(castOp, [x], { dtype }))
