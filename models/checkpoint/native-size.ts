import { vaeFactor } from '../networks/vae/config.ts'
import type { BaseCheckpoint, Prediction } from './checkpoint.ts'
import { vaeConfig } from './config/vae.ts'

/**
 * Side in pixels of the pictures that a base was trained on: what its folder or metadata says, where that makes sense,
 * else its family's usual one.
 * @param prediction what its output is taken for, where that is known better than by the checkpoint
 */
export function nativeSize(base: BaseCheckpoint, prediction: Prediction['value'] = base.prediction.value): number {
  const factor = vaeFactor(vaeConfig(base.vae))
  const cells = base.unet.config?.sample_size
  const [, square] = /^(\d{1,5})x\1$/.exec(base.metadata['modelspec.resolution'] ?? '') ?? []
  const sides = [typeof cells === 'number' ? cells * factor : 0, Number(square), usualCells(base, prediction) * factor]
  return sides.find(side => Number.isInteger(side) && side >= 64 && side <= 4096 && side % 8 === 0) ?? 512
}

/** Latent cells along each side. SD 2.x predicts the velocity at 768 pixels, the noise at 512. */
const usualCells = ({ architecture }: BaseCheckpoint, prediction: Prediction['value']): number => {
  if (architecture === 'sdxl') return 128
  return architecture === 'sd2' && prediction === 'v_prediction' ? 96 : 64
}
