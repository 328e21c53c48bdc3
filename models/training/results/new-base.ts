import { copyFile, cp, mkdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { vaeConfig } from '../../checkpoint/config/vae.ts'
import { describeComponent } from '../../checkpoint/layouts/diffusers.ts'
import { input } from '../../graph/value.ts'
import type { Parameters } from '../../networks/parameters.ts'
import { clipText } from '../../networks/text/clip.ts'
import type { UNetConfig } from '../../networks/unet/config.ts'
import { unet } from '../../networks/unet/unet.ts'
import { loadTokenizer } from '../../prompt/tokenizer.ts'
import { type ScheduleConfig, sd1Schedule } from '../../samplers/schedule.ts'
import { writeText } from '../../tensor/atomically.ts'
import { pathError } from '../../tensor/safetensors/open.ts'
import { newTextConfig } from '../new-text-config.ts'
import { generatorAt, stream } from '../random.ts'
import type { RecipeOf } from '../recipe.ts'
import { fresh, Trained } from '../trained.ts'
import { writePart } from './base.ts'
import { schedulerJson, textJson, unetJson } from './diffusers-config.ts'

/**
 * A base with random weights as a diffusers folder, to be trained as any other: the recipe's UNet and text encoder, a
 * trained VAE and a tokenizer. It is made once; `model_index.json` comes last.
 * @throws UserError where the VAE or the tokenizer cannot be used
 */
export async function makeBase(folder: string, recipe: RecipeOf<'denoise'>): Promise<string> {
  const index = join(folder, 'model_index.json')
  if (await stat(index).catch(() => undefined)) return folder
  const { vae = '', tokenizer = '', unet: shape, text } = recipe
  if (!shape || !text) throw new Error('the recipe was not checked')
  await mkdir(join(folder, 'tokenizer'), { recursive: true })
  const files = { vocab: join(tokenizer, 'vocab.json'), merges: join(tokenizer, 'merges.txt') }
  const { eos } = await loadTokenizer(files)
  for (const [name, file] of Object.entries({ 'vocab.json': files.vocab, 'merges.txt': files.merges }))
    await copyFile(file, join(folder, 'tokenizer', name))

  const { latentChannels } = vaeConfig(await describeComponent(vae, 'vae'))
  await cp(join(vae, 'vae'), join(folder, 'vae'), { recursive: true }).catch((cause: unknown) => {
    throw pathError(vae, cause)
  })
  const textShape = newTextConfig(text, eos)
  const unetShape: UNetConfig = {
    inChannels: latentChannels,
    outChannels: latentChannels,
    blockOutChannels: shape.block_out_channels,
    layersPerBlock: shape.layers_per_block,
    transformerLayers: shape.attention.map(attends => (attends ? 1 : 0)),
    midTransformerLayers: 1,
    heads: shape.block_out_channels.map(() => shape.attention_heads),
    crossAttentionDim: text.hidden_size,
    linearProjection: false,
    normGroups: shape.norm_num_groups,
    normEps: 1e-5,
  }
  const f32 = (name: string, sizes: readonly number[]) => input(name, { shape: sizes, dtype: 'f32' })
  const sample = f32('sample', [1, latentChannels, 16, 16])
  const told = { sample, timestep: f32('timestep', [1]), context: f32('context', [1, 2, text.hidden_size]) }
  await writePart(folder, 'unet', unetJson(unetShape, 16), await random(recipe.seed, 0, p => unet(unetShape, p, told)))
  const ids = input('ids', { shape: [1, textShape.positions], dtype: 'i64' })
  await writePart(
    folder,
    'text_encoder',
    textJson(textShape),
    await random(recipe.seed, 1, p => clipText(textShape, p, ids).normed(1)),
  )
  await mkdir(join(folder, 'scheduler'), { recursive: true })
  await writeText(
    join(folder, 'scheduler', 'scheduler_config.json'),
    JSON.stringify(schedulerJson(newSchedule(recipe))),
  )
  const components = ['unet', 'vae', 'text_encoder', 'tokenizer', 'scheduler'].map(name => [name, ['diffusers', 'x']])
  await writeText(index, JSON.stringify({ _class_name: 'StableDiffusionPipeline', ...Object.fromEntries(components) }))
  return folder
}

/** Stable Diffusion's noise levels, up to noise alone unless the recipe says otherwise, and steps that begin there. */
const newSchedule = ({ prediction = 'v_prediction', zeroSnr = true }: RecipeOf<'denoise'>): ScheduleConfig => ({
  ...sd1Schedule,
  predictionType: prediction,
  rescaleBetasZeroSnr: zeroSnr,
  spacing: 'trailing',
  stepsOffset: 0,
  setAlphaToOne: true,
})

function random(seed: number, network: number, build: (parameters: Parameters) => unknown) {
  const trained = new Trained()
  build(trained.parameters('', fresh(generatorAt(seed, stream.weights, network))))
  return trained.initial()
}
