import { mul } from '../../graph/ops/mul.ts'
import type { Value } from '../../graph/value.ts'
import type { LoraKind } from './kind.ts'
import { product, tucker } from './products.ts'

/** LoHa: two low-rank matrices, multiplied element by element. */
export const loha: LoraKind = ({
  hada_w1_a: a1,
  hada_w1_b: b1,
  hada_w2_a: a2,
  hada_w2_b: b2,
  hada_t1: core1,
  hada_t2: core2,
}) => {
  if (!a1 || !b1 || !a2 || !b2 || !core1 !== !core2) return undefined
  const half = (a: Value, b: Value, core: Value | undefined) => (core ? tucker(core, a, b) : product(a, b))
  return { rank: b1.shape[0] as number, delta: () => mul(half(a1, b1, core1), half(a2, b2, core2)) }
}
