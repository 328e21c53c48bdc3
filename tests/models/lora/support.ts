import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asLora } from '../../../models/checkpoint/as-lora.ts'
import type { BaseCheckpoint } from '../../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { type Lora, loadLora } from '../../../models/pipelines/lora/load.ts'
import { Generator } from '../../../models/tensor/random.ts'
import { writeTensors } from '../../../models/tensor/safetensors/write.ts'
import { elements, type F32Tensor, f32, type Shape } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'

export type Tensors = Readonly<Record<string, F32Tensor>>

export const loraFile = (name: string) => fixture('lora', `${name}.safetensors`)
export const sd1Tiny = async (): Promise<BaseCheckpoint> =>
  asBase(await describeModel(fixture('sd1-tiny', 'sd1-tiny.safetensors')))

/** Random numbers of about one half, another for each seed. */
export function random(seed: number, shape: Shape): F32Tensor {
  const count = elements(shape)
  return f32(
    new Generator(seed)
      .normals(Math.max(16, count))
      .slice(0, count)
      .map(value => value / 2),
    shape,
  )
}

export const scalar = (value: number): F32Tensor => f32(Float32Array.of(value), [])

/** Writes a LoRA's file. */
export async function writeLora(path: string, tensors: Tensors, metadata?: Record<string, string>): Promise<string> {
  await writeTensors(path, new Map(Object.entries(tensors)), metadata)
  return path
}

/** The LoRA of a file, held against a base. */
export const open = async (path: string, base: BaseCheckpoint): Promise<Lora> =>
  loadLora(asLora(await describeModel(path)), base)
