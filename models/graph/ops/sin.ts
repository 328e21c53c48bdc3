import { applyUnary, trigonometric } from './elementwise.ts'

export const sinOp = trigonometric('sin', 'Sin')

/** Sine of x in radians. */
export const sin = applyUnary(sinOp)
