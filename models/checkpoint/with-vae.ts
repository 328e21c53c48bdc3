import { UserError } from '../errors.ts'
import { vaeFactor } from '../networks/vae/config.ts'
import type { BaseCheckpoint, VaeCheckpoint } from './checkpoint.ts'
import { unetConfig } from './config/unet.ts'
import { usualScaling, vaeConfig } from './config/vae.ts'

/**
 * A base with another VAE in place of its own, or of none. How latents are scaled is the base's matter: a VAE that does
 * not say it is scaled as the base's own, or as its family's.
 * @throws UserError in one sentence where the VAE's latents are not those that the UNet was trained with
 */
export function withVae(base: BaseCheckpoint, { part }: VaeCheckpoint): BaseCheckpoint {
  const own = base.vae.table.size > 0 ? vaeConfig(base.vae) : undefined
  const vae = vaeConfig(part)
  const { outChannels } = unetConfig(base.unet)
  if (vae.latentChannels !== outChannels)
    misfit(`it has ${vae.latentChannels} latent channels where the base's UNet takes ${outChannels}`)
  if (own && vaeFactor(vae) !== vaeFactor(own))
    misfit(`a cell of its latent is ${vaeFactor(vae)} pixels wide where the base's are ${vaeFactor(own)}`)
  const scaled = {
    scaling_factor: own?.scalingFactor ?? usualScaling[base.architecture],
    shift_factor: own?.shiftFactor ?? 0,
  }
  const stated = { scaling_factor: vae.scalingFactor, shift_factor: vae.shiftFactor }
  for (const field of ['scaling_factor', 'shift_factor'] as const)
    if (typeof part.config?.[field] === 'number' && stated[field] !== scaled[field])
      misfit(`its latents have the ${field} ${stated[field]} where the base's have ${scaled[field]}`)
  return { ...base, vae: { ...part, config: { ...part.config, ...scaled } } }
}

function misfit(how: string): never {
  throw new UserError(
    `The VAE does not fit this base: ${how}.`,
    "Choose a VAE of the base's family, or the base's own.",
  )
}
