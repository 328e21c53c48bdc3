import type { LoraKind } from './kind.ts'
import { kronecker, product, tucker } from './products.ts'

/** LoKr: Kronecker's product of two matrices, each whole or of low rank. */
export const lokr: LoraKind = ({
  lokr_w1: whole1,
  lokr_w1_a: a1,
  lokr_w1_b: b1,
  lokr_w2: whole2,
  lokr_w2_a: a2,
  lokr_w2_b: b2,
  lokr_t2: core,
}) => {
  const left = whole1 ? () => whole1 : a1 && b1 ? () => product(a1, b1) : undefined
  const factored = a2 && b2 ? () => (core ? tucker(core, a2, b2) : product(a2, b2)) : undefined
  const right = whole2 ? () => whole2 : factored
  if (!left || !right) return undefined
  const rank = (whole1 ? undefined : b1?.shape[0]) ?? (whole2 ? undefined : b2?.shape[0])
  return { ...(rank !== undefined && { rank }), delta: () => kronecker(left(), right()) }
}
