import type { Value } from '../../graph/value.ts'

/** The factors that LyCORIS calls its own names (Yeh et al. 2023, arXiv 2309.14859). */
export const lycorisRoles = [
  ...['hada_w1_a', 'hada_w1_b', 'hada_w2_a', 'hada_w2_b', 'hada_t1', 'hada_t2'],
  ...['lokr_w1', 'lokr_w1_a', 'lokr_w1_b', 'lokr_w2', 'lokr_w2_a', 'lokr_w2_b', 'lokr_t2'],
] as const

/** What a tensor is in its module of a LoRA. */
export type Role = 'down' | 'up' | 'mid' | 'alpha' | (typeof lycorisRoles)[number]

/** The tensors of one module, f32, by what they are. */
export type Factors = Readonly<Partial<Record<Role, Value>>>

/** What one module of a LoRA does to the weight of a layer. */
export interface Change {
  /** What alpha is divided by; absent where nothing was factored, and alpha says nothing. */
  readonly rank?: number
  /** What is added to the weight: [out, in], a convolution's also [out, in, h, w]. A file may run its last axes together. */
  delta(): Value
  /** Its two factors, where it costs less beside the layer than in its weight: [rank, in...] and [out, rank...]. */
  readonly lowRank?: { readonly down: Value; readonly up: Value }
}

/** One way to write a change: nothing where the module's tensors are not those of this kind, or not all of them. */
export type LoraKind = (factors: Factors) => Change | undefined
