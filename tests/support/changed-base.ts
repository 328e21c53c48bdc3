import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import { readHeader } from '../../models/tensor/safetensors/header.ts'
import { readTensor } from '../../models/tensor/safetensors/read.ts'
import { halved, type StoredTensor, writeTensors } from '../../models/tensor/safetensors/write.ts'
import { type F32Tensor, f32 } from '../../models/tensor/tensor.ts'
import { below, generatorAt, normals } from '../../models/training/random.ts'

/** Changes a tensor of a network by its name. */
export type Change = (tensor: F32Tensor, name: string) => F32Tensor | Promise<F32Tensor>

const files = {
  unet: 'unet/diffusion_pytorch_model.safetensors',
  text: 'text_encoder/model.safetensors',
} as const

/** Copies a diffusers folder, with the tensors of one of its networks changed. */
export async function changeBase(from: string, to: string, network: keyof typeof files, change: Change): Promise<void> {
  await cp(from, to, { recursive: true })
  const { entries, metadata } = await readHeader(join(from, files[network]))
  const tensors = new Map<string, StoredTensor>()
  for (const [name, entry] of entries) {
    const tensor = await readTensor(entry)
    if (tensor.dtype === 'f32') tensors.set(name, halved(await change(tensor, name)))
  }
  await writeTensors(join(to, files[network]), tensors, metadata)
}

/** Noise on every matrix and convolution, as a share of how far its own numbers spread. */
export const damaged =
  (strength: number): Change =>
  ({ data, shape }, name) => {
    if (shape.length < 2) return f32(data, shape)
    const noise = normals(
      generatorAt([...name].reduce((sum, letter) => sum * 31 + letter.charCodeAt(0), 7)),
      data.length,
    )
    const spread = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / data.length)
    return f32(
      data.map((value, i) => value + strength * spread * (noise[i] as number)),
      shape,
    )
  }

/** On the way from one base to another of the same shapes: 0 is the first, 1 the other, more is beyond it. */
export async function between(other: string, share: number): Promise<Change> {
  const { entries } = await readHeader(join(other, files.unet))
  return async ({ data, shape }, name) => {
    const entry = entries.get(name)
    const there = entry && (await readTensor(entry)).data
    if (!(there instanceof Float32Array)) throw new Error(`the other base lacks ${name}`)
    return f32(
      data.map((value, i) => value + share * ((there[i] as number) - value)),
      shape,
    )
  }
}

/** Gives every token the vector of another one. */
export const shuffledTokens: Change = ({ data, shape }, name) => {
  const [rows = 0, width = 0] = shape
  if (!name.endsWith('token_embedding.weight')) return f32(data, shape)
  const order = Array.from({ length: rows }, (_, i) => i)
  const generator = generatorAt(1)
  for (let i = rows - 1; i > 0; i--) {
    const j = below(generator, i + 1)
    ;[order[i], order[j]] = [order[j] as number, order[i] as number]
  }
  return f32(
    data.map((_, i) => data[(order[Math.floor(i / width)] as number) * width + (i % width)] as number),
    shape,
  )
}
