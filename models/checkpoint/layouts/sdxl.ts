import { hasKey, type Layout, otherLayout } from './layout.ts'
import { describeLdm, projInAxes } from './ldm/base.ts'

const sizeConditioned = /^model\.diffusion_model\.label_emb\./
const otherConditioner = /^cond_stage_model\./

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
  {
    message: 'This is the SDXL refiner, which only finishes pictures that SDXL began; it is not supported.',
    hint: 'Choose the SDXL or SD base instead.',
  },
  () => 'sdxl-refiner',
)

/**
 * SDXL in one file: conditioned on sizes (`label_emb`), two text encoders. The second (OpenCLIP under
 * `conditioner.embedders.1.model.`) has no key map yet, so its tensors are left over and the base is refused.
 */
export const sdxl: Layout = {
  name: 'ldm',
  matches: header =>
    projInAxes(header.entries) !== undefined && hasKey(header, sizeConditioned) && !hasKey(header, otherConditioner),
  describe: header =>
    describeLdm(header, {
      architecture: 'sdxl',
      textPrefixes: ['conditioner.embedders.0.transformer.'],
      vaeConfig: { scaling_factor: 0.13025 },
    }),
}
