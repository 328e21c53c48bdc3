import type { BaseCheckpoint } from '../checkpoint/checkpoint.ts'

/** Side of the latents that a base was trained on, where its configuration says one that can be; else SD 1.x's. */
export function nativeCells({ unet }: Pick<BaseCheckpoint, 'unet'>): number {
  const stated = unet.config?.sample_size
  return typeof stated === 'number' && stated >= 4 && stated <= 128 ? stated : 64
}
