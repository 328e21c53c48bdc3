import { scalar } from '../value.ts'
import { applyUnary, unary } from './elementwise.ts'
import { mul } from './mul.ts'
import { sub } from './sub.ts'

export const sigmoidOp = unary('sigmoid', 'Sigmoid', (output, _, y) => mul(output, mul(y, sub(scalar(1), y))))

/** 1 / (1 + exp(-x)). */
export const sigmoid = applyUnary(sigmoidOp)
