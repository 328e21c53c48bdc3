import type { Dtype } from '../../../../models/tensor/dtype.ts'
import { map, type Nd } from './nd.ts'

/** A number with 8 significant bits, ties to even. */
function bf16round(x: number): number {
  if (x === 0 || !Number.isFinite(x)) return x
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(x))) - 7)
  const lower = Math.floor(x / unit)
  const rest = x / unit - lower
  return (rest > 0.5 || (rest === 0.5 && lower % 2 !== 0) ? lower + 1 : lower) * unit
}

/** The nearest number of each type that the studio casts to. */
const rounds: Partial<Record<Dtype, (x: number) => number>> = {
  f64: x => x,
  f32: Math.fround,
  f16: Math.f16round,
  bf16: bf16round,
  i64: Math.trunc,
}

/** Rounds one number to a type. */
export function roundTo(dtype: Dtype): (x: number) => number {
  const round = rounds[dtype]
  if (!round) throw new Error(`the reference does not cast to ${dtype}`)
  return round
}

export const cast = (inputs: readonly Nd[], { dtype }: { readonly dtype: Dtype }): Nd =>
  map(inputs[0] as Nd, roundTo(dtype))
