import { div } from './div.ts'
import { applyUnary, unary } from './elementwise.ts'

export const logOp = unary('log', 'Log', (output, x) => div(output, x))

/** Natural logarithm of x > 0. */
export const log = applyUnary(logOp)
