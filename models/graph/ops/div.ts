import { scalar } from '../value.ts'
import { applyBinary, binary } from './elementwise.ts'
import { mul } from './mul.ts'

export const divOp = binary('div', 'Div', (output, a, b) => {
  const forA = div(output, b)
  return [forA, mul(mul(forA, div(a, b)), scalar(-1))]
})

/** a / b, broadcast; f32. */
export const div = applyBinary(divOp)
