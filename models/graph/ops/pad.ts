import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'
import { slice } from './slice.ts'

interface PadParams {
  /** Zeros before and after the elements of each axis. */
  readonly before: readonly number[]
  readonly after: readonly number[]
}

export const padOp: Op<PadParams> = {
  name: 'pad',
  infer(inputs, { before, after }) {
    const [x] = inputs as [Value]
    const rank = x.shape.length
    const whole = [...before, ...after].every(count => Number.isInteger(count) && count >= 0)
    if (rank === 0 || before.length !== rank || after.length !== rank || !whole)
      clash('pad', `cannot be padded by [${before.join(', ')}] and [${after.join(', ')}]`, inputs)
    const shape = x.shape.map((size, axis) => (before[axis] as number) + size + (after[axis] as number))
    return { shape, dtype: x.dtype }
  },
  emit: (emitter, [x], { params }) =>
    emitter.node('Pad', [x as string, emitter.integers(...params.before, ...params.after)]),
  gradient(output, { inputs: [x], params }) {
    const { shape } = x as Value
    const inner = shape.reduce((part, size, axis) => {
      const start = params.before[axis] as number
      return part.shape[axis] === size ? part : slice(part, axis, start, start + size)
    }, output)
    return [inner]
  },
}

/** x with zeros around it: so many before and after the elements of each axis. */
export const pad = (x: Value, before: readonly number[], after: readonly number[]): Value =>
  [...before, ...after].every(count => count === 0) ? x : apply(padOp, [x], { before, after })

/** x with zeros before and after it along one axis. */
export const padAxis = (x: Value, axis: number, before: number, after: number): Value =>
  pad(
    x,
    x.shape.map((_, i) => (i === axis ? before : 0)),
    x.shape.map((_, i) => (i === axis ? after : 0)),
  )
