import type { Layout } from './layout.ts'
import { describeLdm, projInAxes } from './ldm/base.ts'
import { clip } from './ldm/text.ts'

/** SD 1.x in one file: proj_in is a 1x1 convolution, the text encoder is CLIP as transformers names it. */
export const sd1: Layout = {
  name: 'ldm',
  matches: ({ entries }) => projInAxes(entries) === 4,
  describe: header => describeLdm(header, { architecture: 'sd1', texts: [clip('cond_stage_model.transformer.')] }),
}
