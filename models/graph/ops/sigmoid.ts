import { applyUnary, unary } from './elementwise.ts'

export const sigmoidOp = unary('sigmoid', 'Sigmoid')

/** 1 / (1 + exp(-x)). */
export const sigmoid = applyUnary(sigmoidOp)
