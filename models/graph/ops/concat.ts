import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { slice } from './slice.ts'

interface ConcatParams {
  readonly axis: number
}

export const concatOp: Op<ConcatParams> = {
  name: 'concat',
  infer(inputs, { axis }) {
    const [first] = inputs
    if (!first || axis < 0 || axis >= first.shape.length) clash('concat', `there is no axis ${axis}`, inputs)
    for (const other of inputs)
      if (
        other.dtype !== first.dtype ||
        other.shape.length !== first.shape.length ||
        other.shape.some((size, i) => i !== axis && size !== first.shape[i])
      )
        clash('concat', `only axis ${axis} may differ`, inputs)
    const total = inputs.reduce((sum, value) => sum + (value.shape[axis] as number), 0)
    return { shape: first.shape.map((size, i) => (i === axis ? total : size)), dtype: first.dtype }
  },
  emit: (emitter, inputs, { params }) => emitter.node('Concat', inputs, { axis: params.axis }),
  gradient(output, { inputs, params: { axis } }) {
    let start = 0
    return inputs.map(({ shape }) => {
      const end = start + (shape[axis] as number)
      const part = slice(output, axis, start, end)
      start = end
      return part
    })
  },
}

/** Values one after another along an axis (counted from 0). */
export const concat = (values: readonly Value[], axis: number): Value => apply(concatOp, values, { axis })
