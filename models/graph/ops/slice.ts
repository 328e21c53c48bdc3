import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { padAxis } from './pad.ts'

interface SliceParams {
  readonly axis: number
  readonly start: number
  readonly end: number
}

export const sliceOp: Op<SliceParams> = {
  name: 'slice',
  infer(inputs, { axis, start, end }) {
    const [x] = inputs as [Value]
    const size = x.shape[axis] ?? 0
    const whole = Number.isInteger(start) && Number.isInteger(end)
    if (!whole || start < 0 || end <= start || end > size)
      clash('slice', `axis ${axis} has no part ${start}..${end}`, inputs)
    return { shape: x.shape.map((n, i) => (i === axis ? end - start : n)), dtype: x.dtype }
  },
  emit: (emitter, [x], { params }) =>
    emitter.node('Slice', [
      x as string,
      emitter.integers(params.start),
      emitter.integers(params.end),
      emitter.integers(params.axis),
    ]),
  gradient(output, { inputs: [x], params: { axis, start, end } }) {
    const size = (x as Value).shape[axis] as number
    return [padAxis(output, axis, start, size - end)]
  },
}

/** The part `start..end` (end excluded) of one axis; 0 <= start < end <= its size. */
export const slice = (x: Value, axis: number, start: number, end: number): Value =>
  apply(sliceOp, [x], { axis, start, end })

/** x cut into equal parts along an axis of known size. */
export function split(x: Value, axis: number, parts: number): Value[] {
  const size = (x.shape[axis] ?? 0) / parts
  return Array.from({ length: parts }, (_, i) => slice(x, axis, i * size, (i + 1) * size))
}
