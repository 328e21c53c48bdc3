import { applyUnary, unary } from './elementwise.ts'
import { mul } from './mul.ts'
import { sign } from './sign.ts'

export const absOp = unary('abs', 'Abs', (output, x) => mul(output, sign(x)))

/** |x|; the gradient at 0 is 0. */
export const abs = applyUnary(absOp)
