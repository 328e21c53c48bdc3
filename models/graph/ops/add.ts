import { applyBinary, binary } from './elementwise.ts'

export const addOp = binary('add', 'Add', output => [output, output])

/** a + b, broadcast. */
export const add = applyBinary(addOp)
