import { scalar } from '../value.ts'
import { div } from './div.ts'
import { applyUnary, unary } from './elementwise.ts'
import { mul } from './mul.ts'

export const sqrtOp = unary('sqrt', 'Sqrt', (output, _, y) => div(mul(output, scalar(0.5)), y))

/** Square root of x >= 0; its gradient needs x > 0. */
export const sqrt = applyUnary(sqrtOp)
