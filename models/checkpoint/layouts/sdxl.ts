import type { Refusal } from '../checkpoint.ts'
import { usualScaling } from '../config/vae.ts'
import { hasKey, type Layout, otherLayout } from './layout.ts'
import { describeLdm, projInAxes } from './ldm/base.ts'
import { projectedOpenClip } from './ldm/open-clip.ts'
import { clip } from './ldm/text.ts'

const sizeConditioned = /^model\.diffusion_model\.label_emb\./
const otherConditioner = /^cond_stage_model\./

/** What is said of a refiner, in one file or a folder. */
export const refinerRefusal: Refusal = {
  message: 'This is the SDXL refiner, which only finishes pictures that SDXL began; it is not supported.',
  hint: 'Choose the SDXL or SD base instead.',
}

/** SDXL's refiner: size-conditioned like SDXL, but OpenCLIP is its first and only text encoder (context 1280). */
export const refiner: Layout = otherLayout(
  'ldm',
  'refiner',
  header => {
    if (!hasKey(header, sizeConditioned) || hasKey(header, /^conditioner\.embedders\.(?:0\.transformer|1)\./))
      return false
    if (hasKey(header, /^conditioner\.embedders\.0\.model\./)) return true
    return [...header.entries].some(([key, { shape }]) => key.endsWith('.attn2.to_k.weight') && shape[1] === 1280)
  },
  refinerRefusal,
  () => 'sdxl-refiner',
)

/** SDXL in one file: conditioned on sizes (`label_emb`); its text encoders are CLIP and OpenCLIP. */
export const sdxl: Layout = {
  name: 'ldm',
  matches: header =>
    projInAxes(header.entries) !== undefined && hasKey(header, sizeConditioned) && !hasKey(header, otherConditioner),
  describe: header =>
    describeLdm(header, {
      architecture: 'sdxl',
      texts: [clip('conditioner.embedders.0.transformer.'), projectedOpenClip('conditioner.embedders.1.model.')],
      vaeConfig: { scaling_factor: usualScaling.sdxl },
    }),
}
