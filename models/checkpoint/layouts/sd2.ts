import type { Layout } from './layout.ts'
import { describeLdm, projInAxes } from './ldm/base.ts'

/**
 * SD 2.x in one file: proj_in is a linear layer. Its text encoder (OpenCLIP under `cond_stage_model.model.`) has no
 * key map yet, so its tensors are left over and the base is refused.
 */
export const sd2: Layout = {
  name: 'ldm',
  matches: ({ entries }) => projInAxes(entries) === 2,
  describe: header => describeLdm(header, { architecture: 'sd2', textPrefixes: [] }),
}
