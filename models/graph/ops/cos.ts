import { applyUnary, trigonometric } from './elementwise.ts'

export const cosOp = trigonometric('cos', 'Cos')

/** Cosine of x in radians. */
export const cos = applyUnary(cosOp)
