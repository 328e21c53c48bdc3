import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { asBase, requireWeights } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { type Headers, scratch, writeHollow } from './synthetic.ts'

const folder = scratch()
const u = 'model.diffusion_model.'
const w = ['F16', [4, 4]] as const
const supported = 'it is recognised but not supported.'

/** What it is, keys that its files have, the kind that is told, how the sentence begins. */
const others: readonly (readonly [what: string, keys: readonly string[], kind: string, sentence: string])[] = [
  [
    'SD 3.5 of diffusers',
    ['transformer_blocks.0.attn.add_q_proj.weight', 'pos_embed.proj.weight'],
    'transformer',
    'This is Stable Diffusion 3',
  ],
  [
    'SD 3.5 with its text encoders',
    [`${u}joint_blocks.0.x_block.attn.qkv.weight`, 'text_encoders.clip_l.logit_scale'],
    'transformer',
    'This is Stable Diffusion 3',
  ],
  [
    'FLUX in one file',
    [`${u}double_blocks.0.img_attn.qkv.weight`, 'vae.decoder.conv_in.weight'],
    'transformer',
    'This is FLUX',
  ],
  [
    'FLUX of diffusers',
    ['single_transformer_blocks.0.attn.to_q.weight', 'transformer_blocks.0.attn.add_q_proj.weight'],
    'transformer',
    'This is FLUX',
  ],
  [
    'Chroma',
    ['distilled_guidance_layer.in_proj.weight', 'double_blocks.0.img_attn.qkv.weight'],
    'transformer',
    'This is Chroma',
  ],
  ['AuraFlow', [`${u}double_layers.0.attn.w1q.weight`, `${u}register_tokens`], 'transformer', 'This is AuraFlow'],
  [
    'AuraFlow of diffusers',
    ['joint_transformer_blocks.0.attn.to_q.weight', 'single_transformer_blocks.0.attn.to_q.weight'],
    'transformer',
    'This is AuraFlow',
  ],
  [
    'PixArt',
    ['t_block.1.weight', 'y_embedder.y_embedding', 'blocks.0.cross_attn.kv_linear.weight'],
    'transformer',
    'This is PixArt',
  ],
  [
    'PixArt of diffusers',
    ['adaln_single.linear.weight', 'caption_projection.linear_1.weight'],
    'transformer',
    'This is PixArt',
  ],
  ['Hunyuan-DiT', ['mlp_t5.0.weight', 'blocks.0.attn1.Wqkv.weight'], 'transformer', 'This is Hunyuan-DiT'],
  ['Sana', ['transformer_blocks.0.ff.conv_inverted.weight'], 'transformer', 'This is Sana'],
  ['Lumina', ['cap_embedder.1.weight', 'noise_refiner.0.attention.qkv.weight'], 'transformer', 'This is Lumina'],
  ['Qwen-Image', ['txt_norm.weight', 'transformer_blocks.0.img_mod.1.weight'], 'transformer', 'This is Qwen-Image'],
  ['HiDream', ['double_stream_blocks.0.block.adaLN_modulation.1.weight'], 'transformer', 'This is HiDream'],
  [
    'Stable Cascade, stage C',
    ['clip_txt_mapper.weight', 'down_blocks.0.0.channelwise.0.weight', 'up_blocks.0.0.x'],
    'transformer',
    'This is Stable Cascade',
  ],
  ['Stable Cascade, stage B', ['effnet_mapper.0.weight'], 'transformer', 'This is Stable Cascade'],
  [
    'Kolors',
    ['encoder_hid_proj.weight', 'down_blocks.0.x', 'up_blocks.0.x', 'time_embedding.linear_1.weight'],
    'unet',
    'This is Kolors',
  ],
  [
    'Kandinsky',
    ['add_embedding.image_norm.weight', 'down_blocks.0.x', 'up_blocks.0.x', 'time_embedding.linear_1.weight'],
    'unet',
    'This is Kandinsky',
  ],
  ['Wan', ['head.modulation', 'blocks.0.cross_attn.norm_k.weight'], 'video', 'This is Wan, which makes videos'],
  [
    'LTX-Video',
    ['patchify_proj.weight', 'adaln_single.emb.timestep_embedder.linear_1.bias'],
    'video',
    'This is LTX-Video',
  ],
  [
    'HunyuanVideo',
    ['txt_in.individual_token_refiner.blocks.0.x', 'double_blocks.0.img_attn.qkv.weight'],
    'video',
    'This is HunyuanVideo',
  ],
  ['Mochi', ['t5_yproj.weight'], 'video', 'This is Mochi'],
  ['CogVideoX', ['patch_embed.text_proj.weight'], 'video', 'This is CogVideoX'],
  [
    'Stable Video Diffusion',
    [`${u}input_blocks.1.1.time_stack.0.norm1.weight`, `${u}input_blocks.1.1.proj_in.weight`],
    'video',
    'This is Stable Video Diffusion',
  ],
  [
    'Stable Video Diffusion of diffusers',
    ['down_blocks.0.attentions.0.temporal_transformer_blocks.0.norm1.weight'],
    'video',
    'This is Stable Video Diffusion',
  ],
  ['ModelScope', [`${u}input_blocks.1.0.temopral_conv.conv1.0.weight`], 'video', 'This is ModelScope'],
  [
    'AnimateDiff',
    ['down_blocks.0.motion_modules.0.temporal_transformer.norm.weight', 'up_blocks.0.motion_modules.0.x'],
    'adapter',
    'This is an AnimateDiff motion module',
  ],
  [
    'the x4 upscaler',
    [`${u}label_emb.weight`, `${u}input_blocks.4.1.proj_in.weight`],
    'upscaler',
    "This is Stable Diffusion's x4 upscaler",
  ],
  [
    'Stable unCLIP',
    [`${u}label_emb.0.0.weight`, `${u}input_blocks.1.1.proj_in.weight`, 'cond_stage_model.model.ln_final.weight'],
    'variation',
    'This is Stable unCLIP',
  ],
  [
    'ControlNet of diffusers',
    ['controlnet_down_blocks.0.weight', 'down_blocks.0.x'],
    'controlnet',
    'This is a ControlNet',
  ],
  ['control-LoRA', ['lora_controlnet', 'input_blocks.1.0.in_layers.2.up'], 'controlnet', 'This is a ControlNet'],
  ['ControlLLLite', ['lllite_unet_input_blocks_4_1.conditioning1.0.weight'], 'controlnet', 'This is a ControlNet'],
  ['T2I adapter', ['body.0.block1.weight', 'conv_in.weight'], 'adapter', 'This is a T2I adapter'],
  ['T2I adapter of diffusers', ['adapter.body.0.resnets.0.block1.weight'], 'adapter', 'This is a T2I adapter'],
  ['IP-Adapter', ['image_proj.proj.weight', 'ip_adapter.1.to_k_ip.weight'], 'adapter', 'This is an IP-Adapter'],
  ['ESRGAN', ['model.0.weight', 'model.1.sub.0.RDB1.conv1.0.weight'], 'upscaler', 'This is an upscaler'],
  ['Real-ESRGAN', ['conv_first.weight', 'body.0.rdb1.conv1.weight'], 'upscaler', 'This is an upscaler'],
  ['SwinIR', ['layers.0.residual_group.blocks.0.norm1.weight'], 'upscaler', 'This is an upscaler'],
  ['TAESD', ['1.weight', '3.conv.0.weight'], 'previewer', 'This is TAESD'],
  ['TAESD of diffusers', ['encoder.layers.0.weight', 'decoder.layers.1.conv.0.weight'], 'previewer', 'This is TAESD'],
  [
    'CLIP-G alone',
    ['transformer.resblocks.0.attn.in_proj_weight', 'positional_embedding'],
    'text_encoder',
    'This file holds only a text encoder',
  ],
  [
    'T5 alone',
    ['encoder.block.0.layer.0.SelfAttention.q.weight', 'shared.weight'],
    'unknown',
    'This file holds no Stable Diffusion UNet; it looks like a T5',
  ],
  ['SDXL embedding', ['clip_l', 'clip_g'], 'embedding', 'This file holds a textual inversion'],
  [
    'FLUX LoRA of kohya',
    ['lora_unet_double_blocks_0_img_attn_proj.lora_down.weight', 'lora_te1_text_model_x.lora_down.weight'],
    'foreign-lora',
    'This LoRA is for FLUX',
  ],
  [
    'FLUX LoRA of diffusers',
    ['transformer.single_transformer_blocks.0.attn.to_q.lora_A.weight'],
    'foreign-lora',
    'This LoRA is for FLUX',
  ],
  [
    'SD 3 LoRA',
    ['lora_unet_joint_blocks_0_x_block_attn_qkv.lora_down.weight'],
    'foreign-lora',
    'This LoRA is for Stable Diffusion 3',
  ],
  ['Wan LoRA', ['diffusion_model.blocks.0.cross_attn.k.lora_A.weight'], 'foreign-lora', 'This LoRA is for Wan'],
  ['Cascade LoRA', ['lora_prior_unet_x.lora_down.weight'], 'foreign-lora', 'This LoRA is for Stable Cascade'],
  [
    'LoRA of another transformer',
    ['transformer.transformer_blocks.0.attn.to_k.lora_B.weight'],
    'foreign-lora',
    'This LoRA is for a diffusion transformer',
  ],
]

test.each(others)('%s', async (_, keys, kind, sentence) => {
  // The name must not matter.
  const path = join(folder, 'sd15-inpainting.safetensors')
  const model = await describeModel(await writeHollow(path, Object.fromEntries(keys.map(key => [key, w]))))
  expect(model.kind).toBe(kind)
  expect(() => asBase(model)).toThrow(sentence)
  if (/^This (?:is|LoRA)/.test(sentence)) expect(() => asBase(model)).toThrow(supported)
})

/** The least of a UNet of SD 1.x or XL. */
const unet = (inputs: number, more: Headers = {}): Headers => ({
  [`${u}input_blocks.0.0.weight`]: ['F16', [64, inputs, 3, 3]],
  [`${u}input_blocks.1.1.proj_in.weight`]: ['F16', [64, 64, 1, 1]],
  [`${u}input_blocks.2.1.transformer_blocks.0.attn2.to_k.weight`]: ['F16', [64, 8]],
  [`${u}out.2.weight`]: ['F16', [4, 64, 3, 3]],
  ...more,
})

test.each([
  ['depth', unet(5), 'a depth model (its UNet takes 5 channels)'],
  ['edit', unet(8), 'InstructPix2Pix (its UNet takes 8 channels)'],
  ['consistency', unet(4, { [`${u}time_embed.cond_proj.weight`]: w }), 'a latent consistency model'],
  ['edm', unet(4, { edm_mean: w, edm_std: w }), 'a model with the noise levels of EDM'],
  ['edm', unet(4, { 'edm_vpred.sigma_max': w }), 'a model with the noise levels of EDM'],
] as const)('a base that is %s', async (variant, tensors, sentence) => {
  const model = await describeModel(await writeHollow(join(folder, 'plain.safetensors'), tensors))
  expect(model).toMatchObject({ kind: 'base', variant })
  expect(() => asBase(model)).toThrow(sentence)
})

test.each([
  ['KolorsPipeline', 'This folder is Kolors'],
  ['StableVideoDiffusionPipeline', 'This folder is Stable Video Diffusion'],
  ['StableUnCLIPImg2ImgPipeline', 'This folder is Stable unCLIP'],
  ['StableDiffusionUpscalePipeline', 'This folder is an upscaler'],
  ['FluxPipeline', 'This folder is a FluxPipeline, which has no UNet of Stable Diffusion; it is not supported.'],
])('a folder of %s', async (name, sentence) => {
  const path = join(folder, name)
  await mkdir(path)
  const unet = name === 'FluxPipeline' ? {} : { unet: ['diffusers', 'UNet2DConditionModel'] }
  await writeFile(join(path, 'model_index.json'), JSON.stringify({ _class_name: name, ...unet }))
  const model = await describeModel(path)
  expect(() => asBase(model)).toThrow(sentence)
})

test.each([
  ['F8_E4M3', 'a.weight holds f8_e4m3 numbers; weights may be f32, f16 or bf16.'],
  ['F64', 'a.weight holds f64 numbers; weights may be f32, f16 or bf16.'],
  ['I32', 'a.weight holds integers where numbers with fractions are needed.'],
])('weights of %s', async (dtype, sentence) => {
  const path = await writeHollow(join(folder, 'weights.safetensors'), { 'a.weight': [dtype, [4]] })
  const { entries } = await readHeader(path)
  expect(() => requireWeights({ table: entries })).toThrow(sentence)
})
