import type { PredictionType } from '../samplers/schedule.ts'
import { Generator } from '../tensor/random.ts'
import { f32 } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'

/** Cells along each side of the noise that is shown; enough to tell, a fraction of a step to compute. */
const side = 16

/** The last timestep of training. */
const last = 999

/**
 * What a UNet predicts, by one pass. At the last timestep its input is nearly noise alone: one that predicts the noise
 * gives the input back, one that predicts the velocity (nearly -x0 there) gives something else.
 */
export async function seenPrediction({
  base,
  unet: { inChannels, outChannels, crossAttentionDim },
  sessions,
}: Pick<Pipeline, 'base' | 'unet' | 'sessions'>): Promise<PredictionType> {
  const noise = new Generator(0).normals(outChannels * side ** 2)
  const sample = new Float32Array(inChannels * side ** 2)
  sample.set(noise)
  // An inpainting base is told that everything is painted anew.
  sample.fill(1, noise.length, noise.length + side ** 2)
  const session = await sessions.unet()
  const { prediction } = await session.run({
    sample: f32(sample, [1, inChannels, side, side]),
    timestep: f32(Float32Array.of(last)),
    context: f32(new Float32Array(crossAttentionDim), [1, 1, crossAttentionDim]),
  })
  const output = prediction?.data as Float32Array
  return alike(output, noise) > 0.5 ? 'epsilon' : base.prediction.value
}

/** The cosine of two vectors. */
function alike(a: Float32Array, b: Float32Array): number {
  let [product, lengthA, lengthB] = [0, 0, 0]
  for (const [i, value] of a.entries()) {
    const other = b[i] as number
    product += value * other
    lengthA += value * value
    lengthB += other * other
  }
  return product / Math.sqrt(lengthA * lengthB)
}
