import { cosOp } from '../ops/cos.ts'
import { groupNormOp } from '../ops/group-norm.ts'
import { sinOp } from '../ops/sin.ts'
import type { Value } from '../value.ts'
import { topological } from '../walk.ts'

/** Bits of the numbers that a graph's f32 values are computed with. */
export const precisions = ['fp32', 'fp16'] as const
export type Precision = (typeof precisions)[number]

/** Angles with all that they are computed from: as f16, a timestep of 999 is off by a quarter of a radian. */
const angles: ReadonlySet<string> = new Set([sinOp.name, cosOp.name])

/** Sums over a whole feature map, whose squares f16 cannot hold. Layer norms and attention add up in f32 themselves. */
const sums: ReadonlySet<string> = new Set([groupNormOp.name])

/** The f32 values of a graph that have to be computed as such also where the others are f16. */
export function exact(values: readonly Value[]): ReadonlySet<Value> {
  const ops = (names: ReadonlySet<string>) => values.filter(v => v.kind === 'node' && names.has(v.op.name))
  return new Set([...topological(ops(angles)), ...ops(sums)])
}
