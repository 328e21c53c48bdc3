import { scalar } from '../value.ts'
import { applyUnary, unary } from './elementwise.ts'
import { exp } from './exp.ts'
import { mul } from './mul.ts'

export const erfOp = unary('erf', 'Erf', (output, x) =>
  mul(output, mul(exp(mul(mul(x, x), scalar(-1))), scalar(2 / Math.sqrt(Math.PI)))),
)

/** The error function. */
export const erf = applyUnary(erfOp)
