import { scalar } from '../value.ts'
import { applyUnary, trigonometric } from './elementwise.ts'
import { mul } from './mul.ts'
import { sin } from './sin.ts'

export const cosOp = trigonometric('cos', 'Cos', (output, x) => mul(output, mul(sin(x), scalar(-1))))

/** Cosine of x in radians. */
export const cos = applyUnary(cosOp)
