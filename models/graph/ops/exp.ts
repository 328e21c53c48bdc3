import { applyUnary, unary } from './elementwise.ts'
import { mul } from './mul.ts'

export const expOp = unary('exp', 'Exp', (output, _, y) => mul(output, y))

/** e to the power of x. */
export const exp = applyUnary(expOp)
