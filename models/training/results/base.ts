import { copyFile, mkdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BaseCheckpoint, NetworkPart, RawConfig, TextPart } from '../../checkpoint/checkpoint.ts'
import { textConfig } from '../../checkpoint/config/text.ts'
import { unetConfig } from '../../checkpoint/config/unet.ts'
import { vaeConfig } from '../../checkpoint/config/vae.ts'
import { deriveVocabulary, readMerges } from '../../prompt/vocabulary.ts'
import type { ScheduleConfig } from '../../samplers/schedule.ts'
import { writeText } from '../../tensor/atomically.ts'
import { halved, type StoredTensor, writeTensors } from '../../tensor/safetensors/write.ts'
import type { F32Tensor } from '../../tensor/tensor.ts'
import type { Trainees } from '../objectives/objective.ts'
import { fromPart } from '../trained.ts'
import { schedulerJson, textJson, unetJson, vaeJson } from './diffusers-config.ts'

interface BaseResult {
  readonly base: BaseCheckpoint
  /** Weights that take the place of the base's own, under `unet.`, `vae.`, `text_encoder.`, `text_encoder_2.` and their name. */
  readonly trained: Trainees
  readonly schedule: ScheduleConfig
  /** merges.txt of CLIP's own tokenizer, for bases that bring none. */
  readonly merges: string
  /** Goes into the file of what was trained. */
  readonly metadata: Readonly<Record<string, string>>
}

const libraries = {
  unet: 'diffusers',
  vae: 'diffusers',
  scheduler: 'diffusers',
  text_encoder: 'transformers',
  tokenizer: 'transformers',
}

/** Writes a base with other weights as a diffusers folder in f16, which every tool opens. `model_index.json` comes last. */
export async function saveBase(
  folder: string,
  { base, trained, schedule, merges, metadata }: BaseResult,
): Promise<string> {
  const { unet, vae, textEncoders, architecture } = base
  const index = join(folder, 'model_index.json')
  await rm(index, { force: true })
  const configs = new Map<NetworkPart, RawConfig>([
    [unet, unet.config?._class_name ? unet.config : unetJson(unetConfig(unet), 64)],
    [vae, vae.config?._class_name ? vae.config : vaeJson(vaeConfig(vae), 512)],
    ...textEncoders.map(part => [part, textJson(textConfig(part))] as const),
  ])
  for (const [part, config] of configs) {
    const own = new Map(
      [...trained].flatMap(([name, tensor]) =>
        name.startsWith(`${part.name}.`) ? [[name.slice(part.name.length + 1), tensor]] : [],
      ),
    )
    await savePart(folder, part, config, own, own.size > 0 ? metadata : {})
  }
  for (const [i, part] of textEncoders.entries())
    await saveTokenizer(join(folder, i === 0 ? 'tokenizer' : 'tokenizer_2'), part, merges)
  await mkdir(join(folder, 'scheduler'), { recursive: true })
  await writeJson(join(folder, 'scheduler', 'scheduler_config.json'), schedulerJson(schedule))
  const pipeline = architecture === 'sdxl' ? 'StableDiffusionXLPipeline' : 'StableDiffusionPipeline'
  const classes = {
    unet: 'UNet2DConditionModel',
    vae: 'AutoencoderKL',
    scheduler: 'DDIMScheduler',
    text_encoder: 'CLIPTextModel',
    tokenizer: 'CLIPTokenizer',
  }
  const components = Object.entries(classes).map(([name, type]) => [
    name,
    [libraries[name as keyof typeof libraries], type],
  ])
  const second = textEncoders.length > 1 && {
    text_encoder_2: ['transformers', 'CLIPTextModelWithProjection'],
    tokenizer_2: ['transformers', 'CLIPTokenizer'],
    force_zeros_for_empty_prompt: base.zeroNegative ?? false,
  }
  await writeJson(index, { _class_name: pipeline, ...Object.fromEntries(components), ...second })
  return folder
}

/** Writes one network as diffusers does, in f16, with other weights in the place of some of its own. */
export async function savePart(
  folder: string,
  part: NetworkPart,
  config: RawConfig,
  trained: Trainees,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const tensors = new Map<string, StoredTensor>()
  const start = fromPart(part)
  for (const [name, { shape }] of part.table) {
    const own = part.transposed?.has(name) ? shape.toReversed() : shape
    tensors.set(name, halved(trained.get(name) ?? (await start(name, own))))
  }
  await writePart(folder, part.name, config, tensors, metadata)
}

/** Writes one network of a diffusers folder. */
export async function writePart(
  folder: string,
  component: string,
  config: RawConfig,
  tensors: ReadonlyMap<string, StoredTensor | F32Tensor>,
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const path = join(folder, component)
  await mkdir(path, { recursive: true })
  const name = component.startsWith('text') ? 'model' : 'diffusion_pytorch_model'
  await writeTensors(join(path, `${name}.safetensors`), tensors, { format: 'pt', ...metadata })
  await writeJson(join(path, 'config.json'), config)
}

async function saveTokenizer(
  folder: string,
  { tokenizer, padToken, ...part }: TextPart,
  merges: string,
): Promise<void> {
  await mkdir(folder, { recursive: true })
  await copyFile(tokenizer?.merges ?? merges, join(folder, 'merges.txt'))
  if (tokenizer) await copyFile(tokenizer.vocab, join(folder, 'vocab.json'))
  else await writeJson(join(folder, 'vocab.json'), Object.fromEntries(deriveVocabulary(await readMerges(merges))))
  await writeJson(join(folder, 'tokenizer_config.json'), {
    tokenizer_class: 'CLIPTokenizer',
    model_max_length: textConfig(part).positions,
    bos_token: '<|startoftext|>',
    eos_token: '<|endoftext|>',
    unk_token: '<|endoftext|>',
    ...tokenizer?.config,
    pad_token: padToken,
  })
}

const writeJson = (path: string, value: unknown): Promise<void> =>
  writeText(path, `${JSON.stringify(value, undefined, 1)}\n`)
