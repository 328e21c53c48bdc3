import type { TensorEntry } from '../../tensor/entry.ts'
import type { Refusal } from '../checkpoint.ts'
import { hasKey, type Layout, otherLayout } from './layout.ts'

/** What is said of a VAE, in one file or a folder. */
export const vaeRefusal: Refusal = { message: 'This file holds only a VAE; choose it as a VAE, not as a model.' }

/** A VAE alone: original keys, with or without their prefix, or a diffusers file. */
export const vaeAlone: Layout = otherLayout(
  'vae',
  'vae',
  header =>
    hasKey(header, /^(?:first_stage_model\.)?(?:encoder|decoder)\.(?:conv_in|conv_out)\./) &&
    !hasKey(header, /^model\.diffusion_model\./),
  vaeRefusal,
)

/** A UNet alone, in either naming and without the prefix that a whole model gives it. */
export const unetAlone: Layout = otherLayout(
  'unet',
  'unet',
  header =>
    hasKey(header, /^(?:input_blocks|down_blocks)\.\d+\./) &&
    hasKey(header, /^(?:output_blocks|up_blocks)\.\d+\./) &&
    hasKey(header, /^(?:time_embed|time_embedding)\./),
  {
    message: 'This file holds only a UNet, without the text encoder and VAE that painting needs.',
    hint: 'Choose the folder that it came from (the one with model_index.json), or a whole model in one file.',
  },
)

/** A text encoder alone, of CLIP or OpenCLIP. */
export const textAlone: Layout = otherLayout(
  'text-encoder',
  'text_encoder',
  header => hasKey(header, /^text_model\.encoder\.layers\./) || hasKey(header, /^transformer\.resblocks\.\d+\.attn\./),
  { message: 'This file holds only a text encoder; it holds no Stable Diffusion UNet.' },
)

/** A textual inversion: a few embedding vectors. */
export const embedding: Layout = otherLayout(
  'embedding',
  'embedding',
  ({ entries }) =>
    entries.size > 0 &&
    ([...entries.keys()].every(key => /^(?:emb_params|clip_[lg]|<[^>]+>)$/.test(key)) ||
      isOfToken([...entries.values()])),
  { message: 'This file holds a textual inversion (an embedding); write its name in a prompt.' },
  ({ entries }) => {
    const [first] = entries.values()
    return entries.has('clip_g') ? 'sdxl' : textWidths.get(first?.shape.at(-1) ?? 0)
  },
)

/** diffusers names the one tensor by its token, which may be any word. */
function isOfToken([entry, ...others]: readonly TensorEntry[]): boolean {
  if (!entry || others.length > 0) return false
  return !entry.key.includes('.') && entry.shape.length <= 2 && textWidths.has(entry.shape.at(-1) ?? 0)
}

/** Widths of the text encoders of published families. */
const textWidths: ReadonlyMap<number, string> = new Map([
  [768, 'sd1'],
  [1024, 'sd2'],
])
