import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'

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
}

/** Slices of x along an axis, chosen by i64 indices (0 <= index < size); an embedding is `gather(table, ids)`. */
export const gather = (x: Value, indices: Value, axis = 0): Value => apply(gatherOp, [x, indices], { axis })
