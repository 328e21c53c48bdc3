import type { PaintedPicture } from '../../../main/gallery/gallery.ts'
import type { PictureSettings } from '../../../main/gallery/settings.ts'

export const settings: PictureSettings = {
  prompt: 'a lamp in the dark',
  negative: 'fog',
  method: 'cfg',
  guidance: 5,
  steps: 20,
  sampler: 'euler',
  schedule: 'auto',
  seed: 7,
  width: 8,
  height: 6,
  base: { name: 'demo' },
  version: '0.1.0',
}

export const painted = (changes: Partial<PictureSettings> = {}): PaintedPicture => ({
  pixels: new Uint8Array(8 * 6 * 3).fill(90),
  width: 8,
  height: 6,
  settings: { ...settings, ...changes },
  passes: 40,
  seconds: 1.5,
})
