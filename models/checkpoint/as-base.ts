import { UserError } from '../errors.ts'
import { type Dtype, isFloat } from '../tensor/dtype.ts'
import type { BaseCheckpoint, ModelDescription, NetworkPart, VaeCheckpoint, Variant } from './checkpoint.ts'
import { withVae } from './with-vae.ts'

/** What a base of each variant is, and why it cannot be painted with. */
const refused: Readonly<Record<Exclude<Variant, 'inpainting'>, (channels: number) => string>> = {
  depth: channels => `a depth model (its UNet takes ${channels} channels)`,
  edit: channels => `a picture-editing model, InstructPix2Pix (its UNet takes ${channels} channels)`,
  consistency: () => 'a latent consistency model (its UNet is told the guidance scale)',
  edm: () => 'a model with the noise levels of EDM, as Playground v2.5 and CosXL are',
}

/** What the runtime reads in place. */
const weightTypes: ReadonlySet<Dtype> = new Set(['f32', 'f16', 'bf16'])

/**
 * The description as a base to paint with.
 * @param vae takes the place of its own, which it then need not have
 * @throws UserError in one sentence where it is something else, is not supported, cannot be whole, or the VAE does not fit
 */
export const asBase = (model: ModelDescription, vae?: VaeCheckpoint): BaseCheckpoint => {
  const base = described(model)
  const whole = vae ? withVae(base, vae) : base
  requirePart(whole.vae, 'VAE', 'Choose a VAE for it, or a version that holds the whole model.')
  return requireSound(whole)
}

/**
 * The same for a base that may lack a VAE, as one is to be chosen for it.
 * @throws UserError where it is something else, is not supported, or cannot be whole even then
 */
export const asBaseForVae = (model: ModelDescription): BaseCheckpoint => requireSound(described(model))

const described = (model: ModelDescription): BaseCheckpoint => {
  if (model.kind !== 'base') throw new UserError(model.refusal.message, model.refusal.hint)
  const { variant, unet } = model
  if (variant && variant !== 'inpainting') {
    const channels = unet.table.get('conv_in.weight')?.shape[1] ?? 0
    throw new UserError(
      `This is ${refused[variant](channels)}; it is recognised but not supported yet.`,
      'Choose the plain model of the same name.',
    )
  }
  return model
}

const requireSound = (base: BaseCheckpoint): BaseCheckpoint => {
  const { unet, vae, textEncoders } = base
  for (const text of textEncoders) requirePart(text, 'text encoder', 'Choose a version that holds the whole model.')
  for (const part of [unet, vae, ...textEncoders]) requireWeights(part)
  return base
}

const requirePart = ({ table }: NetworkPart, what: string, hint: string): void => {
  if (table.size === 0) throw new UserError(`This model holds a UNet but no ${what}.`, hint)
}

/** Throws `UserError` where a network's weights are of a type that the runtime does not read in place. */
export const requireWeights = ({ table }: Pick<NetworkPart, 'table'>): void => {
  for (const { key, dtype } of table.values()) {
    if (!isFloat(dtype)) throw new UserError(`${key} holds integers where numbers with fractions are needed.`)
    if (!weightTypes.has(dtype)) {
      throw new UserError(
        `${key} holds ${dtype} numbers; weights may be f32, f16 or bf16.`,
        'Look for an fp16 version.',
      )
    }
  }
}
