import { applyUnary, unary } from './elementwise.ts'

export const geluOp = unary('gelu', 'Gelu')

/** x * (1 + erf(x / sqrt 2)) / 2, the exact form. */
export const gelu = applyUnary(geluOp)
