import { applyBinary, binary } from './elementwise.ts'

export const mulOp = binary('mul', 'Mul')

/** a * b, broadcast. */
export const mul = applyBinary(mulOp)
