import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { BaseCheckpoint } from '../../checkpoint/checkpoint.ts'
import { unetPairs } from '../../checkpoint/layouts/ldm/unet.ts'
import { unetStructure } from '../../checkpoint/structure.ts'
import { halved, type StoredTensor, writeTensors } from '../../tensor/safetensors/write.ts'
import { f32 } from '../../tensor/tensor.ts'
import type { Trainees } from '../objectives/objective.ts'
import { type Provenance, provenanceMetadata } from './provenance.ts'

interface Made {
  readonly base: BaseCheckpoint
  /** As modelspec calls the base's family. */
  readonly architecture: string
  readonly rank: number
  readonly alpha: number
  readonly layout: 'kohya' | 'peft'
  /** Number of pictures that it was trained on. */
  readonly pictures: number
  /** How it came about, where it is to be kept. */
  readonly provenance?: Provenance | undefined
}

/** Writes a LoRA in f16 as other tools load it, and gives its path. Weights are under `NETWORK.LAYER.down` and `.up`. */
export async function saveLora(path: string, weights: Trainees, made: Made): Promise<string> {
  const { base, rank, alpha, layout, provenance } = made
  const keyOf = layout === 'kohya' ? kohyaKeys(base) : peftKey
  const tensors = new Map<string, StoredTensor>()
  for (const [name, tensor] of weights) {
    const [, network = '', layer = '', side] = /^([^.]+)[.](.+)[.](down|up)$/.exec(name) ?? []
    const key = keyOf(network, layer)
    if (layout === 'kohya') {
      tensors.set(`${key}.lora_${side}.weight`, halved(tensor))
      tensors.set(`${key}.alpha`, halved(f32(Float32Array.of(alpha), [])))
    } else {
      // PEFT's file has no place for alpha: it is part of B.
      const scaled =
        side === 'up'
          ? f32(
              tensor.data.map(value => (value * alpha) / rank),
              tensor.shape,
            )
          : tensor
      tensors.set(`${key}.lora_${side === 'up' ? 'B' : 'A'}.weight`, halved(scaled))
    }
  }
  await mkdir(dirname(path), { recursive: true })
  await writeTensors(path, tensors, {
    ...(provenance && provenanceMetadata(provenance, `${made.architecture}/lora`)),
    ...(provenance && kohyaMetadata(provenance, made)),
  })
  return path
}

const peftKey = (network: string, layer: string): string => `${network}.${layer}`

/** kohya's names: dots become underscores; SDXL's UNet goes by the original's names, the others by diffusers'. */
function kohyaKeys({ architecture, unet, textEncoders }: BaseCheckpoint): typeof peftKey {
  const original = new Map(
    architecture === 'sdxl' ? unetPairs(unetStructure([...unet.table.keys()])).map(([file, name]) => [name, file]) : [],
  )
  return (network, layer) => {
    if (network === 'unet') {
      const file = original.get(`${layer}.weight`)?.replace(/[.]weight$/, '') ?? layer
      return `lora_unet_${file.replaceAll('.', '_')}`
    }
    const number = textEncoders.length > 1 ? (network.endsWith('_2') ? '2' : '1') : ''
    return `lora_te${number}_${layer.replaceAll('.', '_')}`
  }
}

/** What kohya's own trainer writes, and tools show. */
function kohyaMetadata(
  { recipe, steps, examples }: Provenance,
  { base, rank, alpha, pictures }: Made,
): Record<string, string> {
  const families = { sd1: 'sd_v1', sd2: 'sd_v2', sdxl: 'sdxl_base_v1-0' }
  return {
    ss_base_model_version: families[base.architecture],
    ss_v2: base.architecture === 'sd2' ? 'True' : 'False',
    ss_network_module: 'networks.lora',
    ss_network_dim: String(rank),
    ss_network_alpha: String(alpha),
    ss_output_name: recipe.name,
    ss_learning_rate: String(recipe.learningRate),
    ss_optimizer: 'AdamW',
    ss_lr_scheduler: 'cosine',
    ss_lr_warmup_steps: String(recipe.warmup),
    ss_max_train_steps: String(recipe.steps),
    ss_steps: String(steps),
    ss_epoch: String(Math.floor(examples / pictures)),
    ss_num_train_images: String(pictures),
    ss_total_batch_size: String(recipe.batch * recipe.accumulate),
    ss_gradient_accumulation_steps: String(recipe.accumulate),
    ss_max_grad_norm: String(recipe.clip),
    ss_seed: String(recipe.seed),
    ss_mixed_precision: 'no',
  }
}
