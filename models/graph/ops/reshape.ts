import { elements } from '../../tensor/tensor.ts'
import { apply, clash, type Op } from '../op.ts'
import type { Value } from '../value.ts'

interface ReshapeParams {
  readonly sizes: readonly number[]
}

export const reshapeOp: Op<ReshapeParams> = {
  name: 'reshape',
  infer(inputs, { sizes }) {
    const [x] = inputs as [Value]
    const known = sizes.map((size, axis) => (size === 0 ? (x.shape[axis] ?? Number.NaN) : size))
    const rest = elements(x.shape) / elements(known.filter(size => size !== -1))
    const shape = known.map(size => (size === -1 ? rest : size))
    const whole = shape.every(size => Number.isInteger(size) && size > 0)
    if (sizes.filter(size => size === -1).length > 1 || elements(shape) !== elements(x.shape) || !whole)
      clash('reshape', `cannot become [${sizes.join(', ')}]`, inputs)
    return { shape, dtype: x.dtype }
  },
  emit: (emitter, [x], { params }) => emitter.node('Reshape', [x as string, emitter.integers(...params.sizes)]),
  gradient: (output, { inputs: [x] }) => [reshape(output, (x as Value).shape)],
}

/**
 * The same elements in another shape. 0 keeps the size of the input's axis at that place and one -1 takes what
 * is left, so that no free size (batch, height, tokens) need be written down.
 */
export const reshape = (x: Value, sizes: readonly number[]): Value => apply(reshapeOp, [x], { sizes })
