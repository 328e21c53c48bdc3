import { both } from './cfg.ts'
import type { GuidanceMethod } from './method.ts'

/**
 * A trained guide in the base (Hsiao et al., Plug-and-Play Diffusion Distillation, CVPR 2024): one pass. At w = 1
 * that is the base itself. Where it is refreshed, every n-th call is classifier-free guidance, which corrects what
 * the guide has got wrong so far: 1 + 1/n passes. Those calls alone can be rescaled: the guide's own pass does not say what
 * the prompt's prediction would have been.
 */
export const guide: GuidanceMethod =
  ({ refresh, rescale }) =>
  (passes, call) => {
    if (call.guidance === 1) return passes.positive()
    return refresh > 0 && call.index % refresh === 0 ? both(passes, call, { rescale }) : passes.guided(call.guidance)
  }
