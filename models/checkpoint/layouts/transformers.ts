import { hasKey, type Layout, otherLayout } from './layout.ts'

const refused = (what: string) => ({
  message: `This is ${what}, a diffusion transformer; it is recognised but not supported.`,
  hint: 'Choose a model of the Stable Diffusion 1.x family.',
})

/** Stable Diffusion 3 and 3.5. */
export const sd3: Layout = otherLayout(
  'sd3',
  'transformer',
  header => hasKey(header, /^(?:model\.diffusion_model\.)?joint_blocks\.\d+\./),
  refused('Stable Diffusion 3'),
  () => 'sd3',
)

/** FLUX, in its original names and in those of diffusers. */
export const flux: Layout = otherLayout(
  'flux',
  'transformer',
  header => hasKey(header, /^(?:model\.diffusion_model\.)?(?:double_blocks|single_transformer_blocks)\.\d+\./),
  refused('FLUX'),
  () => 'flux',
)
