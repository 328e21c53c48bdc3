import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { type Headers, scratch, writeHollow } from './synthetic.ts'

const folder = scratch()
const unet = 'model.diffusion_model.'
const f16 = (shape: readonly number[]) => ['F16', shape] as const
const w = f16([4, 4])

/** The least that makes a UNet of original keys: one level, two layers. */
const ldmUnet = (projIn: readonly number[], context = 8, more: Headers = {}): Headers => ({
  [`${unet}input_blocks.0.0.weight`]: f16([64, 4, 3, 3]),
  [`${unet}input_blocks.1.1.proj_in.weight`]: f16(projIn),
  [`${unet}input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight`]: f16([64, context]),
  [`${unet}out.2.weight`]: f16([4, 64, 3, 3]),
  ...more,
})
const conv = [64, 64, 1, 1]
const linear = [64, 64]
const sizes = { [`${unet}label_emb.0.0.weight`]: w }
const sdxlTexts = {
  'conditioner.embedders.0.transformer.text_model.final_layer_norm.weight': w,
  'conditioner.embedders.1.model.ln_final.weight': w,
}

interface Row {
  readonly what: string
  readonly tensors: Headers
  readonly metadata?: Record<string, string>
  readonly is: object
  /** What someone reads who chose it as a base. */
  readonly refused: string
}

const rows: readonly Row[] = [
  {
    what: 'SD 1.x',
    tensors: ldmUnet(conv, 768, { 'cond_stage_model.transformer.text_model.final_layer_norm.weight': w }),
    is: { kind: 'base', layout: 'ldm', architecture: 'sd1', prediction: { value: 'epsilon', sure: true } },
    refused: 'This model holds a UNet but no VAE.',
  },
  {
    what: 'SD 1.x with v prediction',
    tensors: ldmUnet(conv, 768, { v_pred: f16([]), ztsnr: f16([]) }),
    is: { kind: 'base', architecture: 'sd1', prediction: { value: 'v_prediction', sure: true }, leftover: [] },
    refused: 'no VAE',
  },
  {
    what: 'prediction type in the metadata',
    tensors: ldmUnet(conv),
    metadata: { 'modelspec.prediction_type': 'v' },
    is: { kind: 'base', prediction: { value: 'v_prediction', sure: true } },
    refused: 'no VAE',
  },
  {
    what: 'SD 2.x',
    tensors: ldmUnet(linear, 1024, { 'cond_stage_model.model.ln_final.weight': w }),
    is: { kind: 'base', architecture: 'sd2', prediction: { sure: false } },
    refused: 'This model holds a UNet but no VAE.',
  },
  {
    what: 'SDXL',
    tensors: ldmUnet(linear, 2048, { ...sizes, ...sdxlTexts }),
    is: { kind: 'base', architecture: 'sdxl', prediction: { value: 'epsilon', sure: true } },
    refused: 'This model holds a UNet but no VAE.',
  },
  {
    what: 'SDXL with v prediction up to noise alone',
    tensors: ldmUnet(linear, 2048, { ...sizes, ...sdxlTexts, v_pred: f16([]), ztsnr: f16([]) }),
    is: { architecture: 'sdxl', prediction: { value: 'v_prediction', sure: true }, zeroSnr: true, zeroNegative: true },
    refused: 'no VAE',
  },
  {
    what: 'SDXL refiner',
    tensors: ldmUnet(linear, 1280, { ...sizes, 'conditioner.embedders.0.model.ln_final.weight': w }),
    is: { kind: 'refiner', architecture: 'sdxl-refiner' },
    refused: 'This is the SDXL refiner',
  },
  {
    what: 'SDXL refiner without its text encoder',
    tensors: ldmUnet(linear, 1280, sizes),
    is: { kind: 'refiner' },
    refused: 'This is the SDXL refiner',
  },
  {
    what: 'SD 3',
    tensors: {
      [`${unet}joint_blocks.0.context_block.attn.qkv.weight`]: w,
      'first_stage_model.encoder.conv_in.weight': w,
    },
    is: { kind: 'transformer', architecture: 'sd3' },
    refused: 'This is Stable Diffusion 3, a diffusion transformer; it is recognised but not supported.',
  },
  {
    what: 'FLUX',
    tensors: { 'double_blocks.0.img_attn.qkv.weight': w, 'single_blocks.0.linear1.weight': w },
    is: { kind: 'transformer', architecture: 'flux' },
    refused: 'This is FLUX',
  },
  {
    what: 'VAE with its prefix',
    tensors: { 'first_stage_model.encoder.conv_in.weight': w, 'first_stage_model.decoder.conv_out.weight': w },
    is: { kind: 'vae' },
    refused: 'This file holds only a VAE; choose it as a VAE, not as a model.',
  },
  {
    what: 'VAE of diffusers',
    tensors: { 'decoder.conv_in.weight': w, 'encoder.down_blocks.0.resnets.0.conv1.weight': w },
    is: { kind: 'vae' },
    refused: 'only a VAE',
  },
  {
    what: 'UNet of diffusers',
    tensors: { 'down_blocks.0.resnets.0.conv1.weight': w, 'up_blocks.0.a': w, 'time_embedding.linear_1.weight': w },
    is: { kind: 'unet' },
    refused: 'This file holds only a UNet',
  },
  {
    what: 'LoRA of kohya',
    tensors: { 'lora_unet_mid_block_attentions_0_proj_in.lora_down.weight': w, 'lora_te_text_model_x.alpha': f16([]) },
    metadata: { ss_base_model_version: 'sd_v1' },
    is: { kind: 'lora', layout: 'kohya', architecture: 'sd_v1' },
    refused: 'This file holds a LoRA, which changes a model; choose it as a LoRA, not as a model.',
  },
  {
    what: 'LoRA of kohya for SDXL',
    tensors: { 'lora_te2_text_model_x.lora_up.weight': w },
    is: { kind: 'lora', layout: 'kohya', architecture: 'sdxl' },
    refused: 'This file holds a LoRA',
  },
  {
    what: 'LoRA of PEFT',
    tensors: {
      'unet.mid_block.attentions.0.proj_in.lora_A.weight': w,
      'unet.mid_block.attentions.0.proj_in.lora_B.weight': w,
    },
    is: { kind: 'lora', layout: 'peft' },
    refused: 'This file holds a LoRA',
  },
  {
    what: 'LoRA of early diffusers',
    tensors: { 'unet.mid_block.attentions.0.proj_in.lora.down.weight': w },
    is: { kind: 'lora', layout: 'peft' },
    refused: 'This file holds a LoRA',
  },
  {
    what: 'DoRA',
    tensors: { 'lora_unet_x.lora_down.weight': w, 'lora_unet_x.dora_scale': w },
    is: { kind: 'lora', layout: 'dora' },
    refused: 'This file holds a LoRA',
  },
  { what: 'LoKr', tensors: { 'lora_unet_x.lokr_w1': w }, is: { kind: 'lora', layout: 'lokr' }, refused: 'a LoRA' },
  { what: 'LoHa', tensors: { 'lora_unet_x.hada_w1_a': w }, is: { kind: 'lora', layout: 'loha' }, refused: 'a LoRA' },
  {
    what: 'guide',
    tensors: { 'encoder.conv_in.weight': w, 'x.lora_A.weight': w },
    metadata: { 'modelspec.architecture': 'cicerone-v1/guide' },
    is: { kind: 'guide', architecture: 'cicerone-v1/guide' },
    refused: 'This file holds a guide',
  },
  {
    what: 'ControlNet',
    tensors: { 'control_model.input_blocks.0.0.weight': w },
    is: { kind: 'controlnet' },
    refused: 'This is a ControlNet, which goes beside a model; it is recognised but not supported.',
  },
  { what: 'textual inversion', tensors: { emb_params: w }, is: { kind: 'embedding' }, refused: 'a textual inversion' },
  {
    what: 'textual inversion under a word',
    tensors: { 'my-token': ['F32', [3, 768]] },
    is: { kind: 'embedding', architecture: 'sd1' },
    refused: 'a textual inversion',
  },
  {
    what: 'CLIP',
    tensors: { 'text_model.encoder.layers.0.mlp.fc1.weight': w },
    is: { kind: 'text_encoder' },
    refused: 'only a text encoder',
  },
  {
    what: 'Llama',
    tensors: { 'model.layers.0.self_attn.q_proj.weight': w, 'lm_head.weight': w },
    is: { kind: 'unknown' },
    refused: 'it looks like a language model (model.*, lm_head.*).',
  },
  {
    what: 'something else',
    tensors: { 'a.x': w, 'a.y': w, 'b.x': w, 'c.x': w, d: w },
    is: { kind: 'unknown' },
    refused: 'This file holds no Stable Diffusion UNet; its tensors are a.*, b.*, c.* and more.',
  },
  { what: 'nothing', tensors: {}, is: { kind: 'unknown' }, refused: 'it holds no tensors at all' },
]

test.each(rows)('$what', async ({ tensors, metadata, is, refused }) => {
  // The name must not matter.
  const model = await describeModel(await writeHollow(join(folder, 'vae.lora.guide.bin'), tensors, metadata))
  expect(model).toMatchObject(is)
  expect(() => asBase(model)).toThrow(refused)
})

test('a prediction type that nobody knows is refused', async () => {
  const path = await writeHollow(join(folder, 'odd'), ldmUnet(conv), { 'modelspec.prediction_type': 'flow' })
  await expect(describeModel(path)).rejects.toThrow('is "flow"; it must be epsilon, v_prediction or sample.')
})

test('paths that are not there', async () => {
  await expect(describeModel(join(folder, 'no.safetensors'))).rejects.toThrow('no.safetensors does not exist.')
  await expect(describeModel(folder)).rejects.toThrow('it has no model_index.json.')
})
