import { applyBinary, binary } from './elementwise.ts'

export const addOp = binary('add', 'Add')

/** a + b, broadcast. */
export const add = applyBinary(addOp)
