import { applyBinary, binary } from './elementwise.ts'

export const mulOp = binary('mul', 'Mul', (output, a, b) => [mul(output, b), mul(output, a)])

/** a * b, broadcast. */
export const mul = applyBinary(mulOp)
