import { scalar } from '../value.ts'
import { applyBinary, binary } from './elementwise.ts'
import { mul } from './mul.ts'

export const subOp = binary('sub', 'Sub', output => [output, mul(output, scalar(-1))])

/** a - b, broadcast. */
export const sub = applyBinary(subOp)
