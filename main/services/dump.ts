import { writeTensors } from '../../models/tensor/safetensors/write.ts'
import { f32, type Tensor } from '../../models/tensor/tensor.ts'
import type { SavedPicture } from './generation.ts'

/**
 * Writes the numbers along the way of one picture as f32 tensors: `noise.N`, `context`, `timesteps`, `latents`
 * [steps, channels, h, w] and `image` [3, height, width].
 */
export async function writeDump(path: string, { trace, settings }: SavedPicture): Promise<void> {
  const [, ...latent] = trace.latentShape
  const tensors = new Map<string, Tensor>()
  for (const [i, noise] of trace.noise.entries()) tensors.set(`noise.${i}`, f32(noise, trace.latentShape))
  tensors.set('context', f32(joined(trace.context), [trace.context.length, ...trace.contextShape]))
  tensors.set('timesteps', f32(Float32Array.from(trace.timesteps)))
  tensors.set('latents', f32(joined(trace.latents), [trace.latents.length, ...latent]))
  tensors.set('image', f32(trace.image, [3, settings.height, settings.width]))
  await writeTensors(path, tensors)
}

function joined(parts: readonly Float32Array[]): Float32Array {
  return Float32Array.from(parts.flatMap(part => Array.from(part)))
}
