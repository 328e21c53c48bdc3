import { applyUnary, unary } from './elementwise.ts'

export const sinOp = unary('sin', 'Sin')

/** Sine of x in radians. */
export const sin = applyUnary(sinOp)
