import { scalar } from '../value.ts'
import { add } from './add.ts'
import { applyUnary, unary } from './elementwise.ts'
import { erf } from './erf.ts'
import { exp } from './exp.ts'
import { mul } from './mul.ts'

/** The normal distribution's cumulative probability plus x times its density. */
export const geluOp = unary('gelu', 'Gelu', (output, x) => {
  const probability = mul(add(erf(mul(x, scalar(Math.SQRT1_2))), scalar(1)), scalar(0.5))
  const density = mul(exp(mul(mul(x, x), scalar(-0.5))), scalar(1 / Math.sqrt(2 * Math.PI)))
  return mul(output, add(probability, mul(x, density)))
})

/** x * (1 + erf(x / sqrt 2)) / 2, the exact form. */
export const gelu = applyUnary(geluOp)
