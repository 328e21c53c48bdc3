import { cos } from './cos.ts'
import { applyUnary, trigonometric } from './elementwise.ts'
import { mul } from './mul.ts'

export const sinOp = trigonometric('sin', 'Sin', (output, x) => mul(output, cos(x)))

/** Sine of x in radians. */
export const sin = applyUnary(sinOp)
