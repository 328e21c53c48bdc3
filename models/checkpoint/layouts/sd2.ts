import type { Layout } from './layout.ts'
import { describeLdm, projInAxes } from './ldm/base.ts'
import { penultimateOpenClip } from './ldm/open-clip.ts'

/** SD 2.x in one file: proj_in is a linear layer, the text encoder is OpenCLIP. */
export const sd2: Layout = {
  name: 'ldm',
  matches: ({ entries }) => projInAxes(entries) === 2,
  describe: header =>
    describeLdm(header, { architecture: 'sd2', texts: [penultimateOpenClip('cond_stage_model.model.')] }),
}
