import { applyUnary, unary } from './elementwise.ts'

export const cosOp = unary('cos', 'Cos')

/** Cosine of x in radians. */
export const cos = applyUnary(cosOp)
