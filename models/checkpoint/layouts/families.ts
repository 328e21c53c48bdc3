import type { OtherModel } from '../checkpoint.ts'
import { hasKey, type Layout, otherLayout } from './layout.ts'

/** How keys of a network begin, alone or in a file that also holds other things. */
const at = (pattern: string) =>
  new RegExp(`^(?:model\\.diffusion_model\\.|diffusion_model\\.|transformer\\.)?(?:${pattern})`)

interface Family {
  readonly name: string
  readonly kind: OtherModel['kind']
  /** What it is called in a sentence. */
  readonly what: string
  /** Each fits some key of the header. */
  readonly marks: readonly RegExp[]
}

const row =
  (kind: Family['kind'], what: string) =>
  (name: string, ...marks: readonly RegExp[]): Family => ({ name, kind, what, marks })
const transformer = (what: string) => row('transformer', `${what}, a diffusion transformer`)
const video = (what: string) => row('video', `${what}, which makes videos`)

/** Diffusion models of other families, the special ones before those whose keys they share. */
const families: readonly Family[] = [
  transformer('AuraFlow')('auraflow', at('(?:double_layers\\.\\d+\\.attn\\.w1q|joint_transformer_blocks\\.\\d+)\\.')),
  video('HunyuanVideo')(
    'hunyuan-video',
    at('(?:txt_in\\.individual_token_refiner|context_embedder\\.token_refiner)\\.'),
  ),
  transformer('Chroma')('chroma', at('distilled_guidance_layer\\.')),
  transformer('Qwen-Image')('qwen-image', at('txt_norm\\.'), at('transformer_blocks\\.\\d+\\.img_mod\\.')),
  transformer('HiDream')('hidream', at('double_stream_blocks\\.\\d+\\.')),
  transformer('Stable Diffusion 3')('sd3', at('joint_blocks\\.\\d+\\.')),
  transformer('FLUX')('flux', at('(?:double_blocks|single_transformer_blocks)\\.\\d+\\.')),
  transformer('Stable Diffusion 3')('sd3', at('transformer_blocks\\.\\d+\\.attn\\.add_q_proj\\.'), at('pos_embed\\.')),
  transformer('Hunyuan-DiT')('hunyuan-dit', at('(?:mlp_t5\\.\\d|time_extra_emb)\\.')),
  video('LTX-Video')('ltx', at('(?:patchify_proj\\.|transformer_blocks\\.\\d+\\.attn1\\.(?:k_norm|norm_k)\\.)')),
  video('Mochi')('mochi', at('(?:t5_yproj|time_embed\\.t5_proj|time_embed\\.pooler)\\.')),
  video('CogVideoX')('cogvideox', at('patch_embed\\.text_proj\\.')),
  video('Wan')('wan', at('(?:head\\.modulation$|condition_embedder\\.time_proj\\.)')),
  transformer('Sana')('sana', at('transformer_blocks\\.\\d+\\.ff\\.conv_inverted\\.')),
  transformer('PixArt')(
    'pixart',
    at('(?:t_block\\.1|adaln_single\\.linear)\\.'),
    at('(?:y_embedder|caption_projection)\\.'),
  ),
  transformer('Lumina')('lumina', at('cap_embedder\\.'), at('noise_refiner\\.')),
  row('transformer', 'Stable Cascade, which works in stages of its own')(
    'cascade',
    at('(?:clip_txt_mapper|clip_txt_pooled_mapper|effnet_mapper)\\.'),
  ),
  row('unet', 'Kolors, which is told its prompts by a language model')('kolors', at('encoder_hid_proj\\.weight$')),
  row('unet', 'Kandinsky or DeepFloyd IF')(
    'kandinsky',
    at('(?:encoder_hid_proj|add_embedding)\\.(?:image_|norm|pool|proj|text_)'),
  ),
  video('Stable Video Diffusion')(
    'svd',
    at('(?:.+\\.)?(?:time_stack|time_mixer|temporal_transformer_blocks|temporal_res_block)\\b'),
  ),
  video('ModelScope text-to-video')('modelscope', at('.+\\.(?:temopral_conv|temp_convs)\\.')),
  row('adapter', 'an AnimateDiff motion module, which goes beside a model')(
    'animatediff',
    at('.+\\.motion_modules\\.\\d+\\.'),
  ),
  row('upscaler', "Stable Diffusion's x4 upscaler")('sd-x4-upscaler', at('(?:label_emb|class_embedding)\\.weight$')),
  row('variation', 'Stable unCLIP, which varies pictures')(
    'unclip',
    /^model\.diffusion_model\.label_emb\./,
    /^cond_stage_model\./,
  ),
]

/** What goes beside a model, or comes after it. */
const companions: readonly Family[] = [
  row('controlnet', 'a ControlNet, which goes beside a model')(
    'controlnet',
    /^(?:control_model\.|controlnet_|lllite_|lora_controlnet$|input_hint_block\.|control_add_embedding\.)/,
  ),
  row('adapter', 'a T2I adapter, which goes beside a model')(
    't2i-adapter',
    /^(?:adapter\.)?body\.\d+\.(?:resnets\.\d+\.)?block1\./,
  ),
  row('adapter', 'an IP-Adapter, which goes beside a model')('ip-adapter', /^(?:image_proj|ip_adapter)\./),
  row('upscaler', 'an upscaler')(
    'upscaler',
    /^(?:model\.1\.sub\.\d+\.|body\.\d+\.rdb\d\.|RRDB_trunk\.|layers\.\d+\.residual_group\.|conv_first\.|upsampler?\.\d)/,
  ),
  row('previewer', 'TAESD, a small autoencoder for previews')(
    'taesd',
    /^(?:(?:taesd_)?(?:en|de)coder\.(?:layers\.)?|)\d+\.conv\.\d+\.(?:weight|bias)$/,
  ),
]

/** Models for which the studio has no use, by their name. */
export const otherFamilies: readonly Layout[] = [...families, ...companions].map(({ name, kind, what, marks }) =>
  otherLayout(
    name,
    kind,
    header => marks.every(mark => hasKey(header, mark)),
    {
      message: `This is ${what}; it is recognised but not supported.`,
      hint: 'Choose a model of the Stable Diffusion 1.x, 2.x or XL family.',
    },
    () => name,
  ),
)

/** LoRAs for other families, by how their modules are called. */
const strangers: readonly (readonly [name: string, what: string, mark: RegExp])[] = [
  [
    'flux',
    'FLUX',
    /^(?:lora_unet_(?:double|single)_blocks_|(?:transformer|diffusion_model|lora_transformer)[._](?:double_blocks|single_(?:transformer_)?blocks)[._])/,
  ],
  ['sd3', 'Stable Diffusion 3', /^(?:lora_unet_joint_blocks_|(?:transformer|diffusion_model)\.joint_blocks\.)/],
  ['wan', 'Wan', /^(?:lora_unet_|diffusion_model\.)blocks[._]\d+[._](?:cross|self)_attn[._]/],
  ['cascade', 'Stable Cascade', /^lora_prior_/],
  [
    'transformer',
    'a diffusion transformer',
    /^(?:transformer\.|lora_transformer_|diffusion_model\.(?:layers|transformer_blocks)\.)/,
  ],
]

const lowRank = /[._](?:lora_(?:[AB]|down|up)|lora\.(?:down|up)|hada_w1_a|lokr_w[12])\b/

/** Each of them as a layout: to be asked before any LoRA is taken for one of Stable Diffusion. */
export const strangeLoras: readonly Layout[] = strangers.map(([name, what, mark]) =>
  otherLayout(
    `${name}-lora`,
    'foreign-lora',
    header => hasKey(header, mark) && hasKey(header, lowRank),
    {
      message: `This LoRA is for ${what}; it is recognised but not supported.`,
      hint: 'Choose a LoRA for Stable Diffusion 1.x, 2.x or XL.',
    },
    () => name,
  ),
)
