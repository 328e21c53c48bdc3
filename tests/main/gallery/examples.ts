import type { PictureSettings } from '../../../main/gallery/settings.ts'

/** Settings without any of the fields that may be absent. */
export const plain: PictureSettings = {
  prompt: 'a cat',
  negative: '',
  method: 'none',
  guidance: 1,
  steps: 8,
  sampler: 'ddim',
  schedule: 'trailing',
  seed: 0,
  width: 128,
  height: 96,
  base: { name: 'demo' },
  version: '0.1.0',
}

/** Settings with all fields. */
export const full: PictureSettings = {
  ...plain,
  prompt: 'a cat,\nwarm light: evening',
  negative: 'blurry, "low" quality',
  method: 'guide',
  guidance: 7.5,
  sampler: 'dpmpp-2m',
  schedule: 'karras',
  seed: 4294967295,
  base: { name: 'demo, "second"', hash: '0123456789' },
  guide: { name: 'tiny: one', hash: 'abcdef0123' },
  vae: { name: 'soft', hash: '9876543210' },
  embeddings: [{ name: 'bad, hands: 5', hash: '0011223344' }, { name: 'cat toy' }],
  clipSkip: 2,
  strength: 0.55,
  rescale: 0.7,
  predictionType: 'v_prediction',
  version: '1.2.3',
}
