import { neon } from './neon.ts'
import { pixelArt } from './pixel-art.ts'
import type { Treatment } from './treatment.ts'
import { watercolor } from './watercolor.ts'

/** The styles of the fine-tunes, as captions call them; the base never sees one. */
export const treatments: Readonly<Record<string, Treatment>> = {
  neon,
  'pixel art': pixelArt,
  watercolor,
}
