import { f32 } from '../../tensor/tensor.ts'
import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { gather } from './gather.ts'

interface ScatterAddParams {
  readonly axis: number
  readonly size: number
}

export const scatterAddOp: Op<ScatterAddParams> = {
  name: 'scatterAdd',
  infer(inputs, { axis, size }) {
    const [x, indices] = inputs as [Value, Value]
    if (x.dtype !== 'f32' || indices.dtype !== 'i64' || !Number.isInteger(size) || size < 1)
      clash('scatterAdd', 'takes f32 and i64 indices below a whole size', inputs)
    if (indices.shape.length !== 1 || x.shape[axis] === undefined || x.shape[axis] !== indices.shape[0])
      clash('scatterAdd', `the indices are not as many as axis ${axis} has slices`, inputs)
    return { shape: x.shape.with(axis, size), dtype: 'f32' }
  },
  emit(emitter, [x, indices], { inputs, params: { axis, size } }) {
    const { shape } = inputs[0] as Value
    const zeros = emitter.node('Expand', [
      emitter.constant(f32(new Float32Array(1))),
      emitter.integers(...shape.with(axis, size)),
    ])
    const alongAxis = emitter.integers(...shape.map((_, i) => (i === axis ? -1 : 1)))
    const column = emitter.node('Reshape', [indices as string, alongAxis])
    const places = emitter.node('Expand', [column, emitter.integers(...shape)])
    return emitter.node('ScatterElements', [zeros, places, x as string], { axis, reduction: 'add' })
  },
  gradient: (output, { inputs: [, indices], params }) => [gather(output, indices as Value, params.axis), undefined],
}

/**
 * Zeros of the shape of x with `size` slices along an axis, to which the slices of x are added where the i64 indices
 * [slices of x] (0 <= index < size) say: what `gather` turns round.
 */
export const scatterAdd = (x: Value, indices: Value, axis: number, size: number): Value =>
  apply(scatterAddOp, [x, indices], { axis, size })
