import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { reshape } from './reshape.ts'
import { scatterAdd } from './scatter-add.ts'

interface GatherParams {
  readonly axis: number
}

export const gatherOp: Op<GatherParams> = {
  name: 'gather',
  infer(inputs, { axis }) {
    const [x, indices] = inputs as [Value, Value]
    if (indices.dtype !== 'i64' || x.shape[axis] === undefined)
      clash('gather', `takes i64 indices into axis ${axis}`, inputs)
    return { shape: [...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], dtype: x.dtype }
  },
  emit: (emitter, inputs, { params }) => emitter.node('Gather', inputs, { axis: params.axis }),
  gradient(output, { inputs, params: { axis } }) {
    const [x, indices] = inputs as [Value, Value]
    const slices = reshape(output, [...x.shape.slice(0, axis), -1, ...x.shape.slice(axis + 1)])
    return [scatterAdd(slices, reshape(indices, [-1]), axis, x.shape[axis] as number), undefined]
  },
}

/** Slices of x along an axis, chosen by i64 indices (0 <= index < size); an embedding is `gather(table, ids)`. */
export const gather = (x: Value, indices: Value, axis = 0): Value => apply(gatherOp, [x, indices], { axis })
