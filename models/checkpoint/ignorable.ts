import type { TensorEntry } from '../tensor/entry.ts'

/** What checkpoints carry besides weights. Painting needs none of it, and none of it is a sign of damage. */
const ignorable: readonly RegExp[] = [
  // The noise schedule, which every trainer computes from two numbers and saves nevertheless.
  /^(?:alphas_cumprod(?:_prev)?|betas|logvar|lvlb_weights|scale_factor|posterior_(?:variance|log_variance_clipped|mean_coef[12]))$/,
  /^(?:sqrt_(?:one_minus_)?alphas_cumprod|log_one_minus_alphas_cumprod|sqrt_recip(?:m1)?_alphas_cumprod)$/,
  /^(?:denoiser|model|sampler)\.(?:sigmas|log_sigmas)$/,
  // Marks that say how to predict; `prediction.ts` reads them.
  /^(?:v_pred|ztsnr|edm_vpred\.sigma_(?:max|min))$/,
  // A running average of the weights beside the weights.
  /^(?:first_stage_model\.)?model_ema\./,
  // 0, 1, 2, ... as a buffer.
  /(?:^|\.)embeddings\.position_ids$/,
  // Which token may see which, which follows from their order.
  /^(?:cond_stage_model|conditioner\.embedders\.\d)\.model\.attn_mask$/,
  // The other half of CLIP.
  /(?:^|\.)logit_scale$/,
  /^(?:cond_stage_model|conditioner\.embedders\.\d)\.model\.visual\./,
  /^cond_stage_model\.(?:transformer\.)?vision_model\./,
  /^cond_stage_model\.transformer\.visual_projection\./,
  // The discriminator that the VAE was trained against.
  /^(?:first_stage_model\.)?loss\./,
  /^(?:global_step|epoch|iteration|num_batches_tracked)$/,
]

/** Splits what no network has taken into known ballast, `unused` keys among it, and what nobody can explain. */
export const sortOut = (rest: ReadonlyMap<string, TensorEntry>, unused: readonly string[] = []) => {
  const known = new Set(unused)
  const isBallast = ({ key }: TensorEntry) => known.has(key) || ignorable.some(pattern => pattern.test(key))
  const { ignored = [], leftover = [] } = Object.groupBy(rest.values(), entry =>
    isBallast(entry) ? 'ignored' : 'leftover',
  )
  return { ignored, leftover }
}
