import { transpose } from '../../graph/ops/transpose.ts'
import type { LoraKind } from './kind.ts'
import { matrix, product, tucker } from './products.ts'

/** LoRA (Hu et al. 2021): up down. Of a convolution `down` has the kernel, or it is a core between the two. */
export const lora: LoraKind = ({ down, up, mid }) => {
  if (!down || !up) return undefined
  const rank = down.shape[0] as number
  if (mid) return { rank, delta: () => tucker(mid, transpose(matrix(up), [1, 0]), matrix(down)) }
  return { rank, delta: () => product(up, down), lowRank: { down, up } }
}
