import { none, type Op } from '../op.ts'
import { applyUnary, type NoParams, unary } from './elementwise.ts'

export const signOp: Op<NoParams> = {
  ...unary('sign', 'Sign', x => x),
  gradient: none('it is flat wherever it is smooth'),
}

/** -1, 0 or 1. */
export const sign = applyUnary(signOp)
