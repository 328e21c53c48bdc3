import { elements } from '../tensor/tensor.ts'
import { attentionOp } from './ops/attention.ts'
import { convTranspose2dOp } from './ops/conv-transpose2d.ts'
import { conv2dOp } from './ops/conv2d.ts'
import { linearOp } from './ops/linear.ts'
import { matmulOp } from './ops/matmul.ts'
import { simplify } from './simplify.ts'
import type { Node, Value } from './value.ts'
import { topological } from './walk.ts'

/** Multiplications of the matrix products, convolutions and attention that the outputs need; the rest hardly counts. */
export function multiplications(outputs: Readonly<Record<string, Value>>): number {
  const values = topological(Object.values(simplify(outputs)))
  return values.reduce((sum, value) => sum + (value.kind === 'node' ? ofNode(value) : 0), 0)
}

function ofNode({ op, inputs, shape }: Node): number {
  const [x, second] = inputs as [Value, Value]
  switch (op.name) {
    case conv2dOp.name:
    case linearOp.name:
      return elements(shape) * elements(second.shape.slice(1))
    case matmulOp.name:
      return elements(shape) * (x.shape.at(-1) as number)
    case convTranspose2dOp.name:
      return elements(x.shape) * elements(second.shape.slice(1))
    case attentionOp.name:
      return 2 * elements(x.shape) * (second.shape[1] as number)
    default:
      return 0
  }
}
