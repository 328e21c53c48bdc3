import { elements } from '../../tensor/tensor.ts'
import { apply, clash, type Op } from '../op.ts'
import { scalar, type Value } from '../value.ts'
import { div } from './div.ts'
import { expand } from './expand.ts'
import { reshape } from './reshape.ts'

interface SumParams {
  readonly axes: readonly number[]
}

export const sumOp: Op<SumParams> = {
  name: 'sum',
  infer(inputs, { axes }) {
    const [x] = inputs as [Value]
    if (new Set(axes).size !== axes.length || axes.length === 0 || !axes.every(axis => axis in x.shape))
      clash('sum', `[${axes.join(', ')}] are not axes`, inputs)
    if (x.dtype !== 'f32') clash('sum', 'takes f32', inputs)
    return { shape: x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size)), dtype: 'f32' }
  },
  emit: (emitter, [x], { params }) => emitter.node('ReduceSum', [x as string, emitter.integers(...params.axes)]),
  gradient: (output, { inputs: [x] }) => [expand(output, (x as Value).shape)],
}

/** The sum over some axes, which stay with size 1. */
export const sum = (x: Value, axes: readonly number[]): Value => apply(sumOp, [x], { axes })

/** The mean over some axes, which stay with size 1. */
export const mean = (x: Value, axes: readonly number[]): Value =>
  div(sum(x, axes), scalar(elements(axes.map(axis => x.shape[axis] as number))))

/** The mean of all elements, f32 []. */
export function meanAll(x: Value): Value {
  const rest = reshape(x, [-1])
  return reshape(mean(rest, [0]), [])
}

/** Adds up what broadcasting would have repeated: x in the smaller shape `shape`. */
export function sumTo(x: Value, shape: readonly number[]): Value {
  const extra = x.shape.length - shape.length
  const axes = x.shape.flatMap((size, axis) =>
    axis < extra || (size !== 1 && shape[axis - extra] === 1) ? [axis] : [],
  )
  const total = axes.length > 0 ? sum(x, axes) : x
  return extra > 0 ? reshape(total, shape) : total
}
