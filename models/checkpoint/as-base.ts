import { UserError } from '../errors.ts'
import { type Dtype, isFloat } from '../tensor/dtype.ts'
import type { BaseCheckpoint, ModelDescription, NetworkPart } from './checkpoint.ts'

const refused = { depth: 'a depth', edit: 'a picture-editing' }

/** What the runtime reads in place. */
const weightTypes: ReadonlySet<Dtype> = new Set(['f32', 'f16', 'bf16'])

/**
 * The description as a base to paint with.
 * @throws UserError in one sentence where it is something else, is not supported, or cannot be whole
 */
export const asBase = (model: ModelDescription): BaseCheckpoint => {
  if (model.kind !== 'base') throw new UserError(model.refusal.message, model.refusal.hint)
  const { variant, unet, vae, textEncoders } = model
  if (variant && variant !== 'inpainting') {
    const channels = unet.table.get('conv_in.weight')?.shape[1]
    throw new UserError(
      `This is ${refused[variant]} model (its UNet takes ${channels} channels); it is recognised but not supported yet.`,
      'Choose the plain model of the same name.',
    )
  }
  requirePart(vae, 'VAE')
  for (const text of textEncoders) requirePart(text, 'text encoder')
  for (const part of [unet, vae, ...textEncoders]) requireWeights(part)
  return model
}

const requirePart = ({ table }: NetworkPart, what: string): void => {
  if (table.size > 0) return
  throw new UserError(`This model holds a UNet but no ${what}.`, 'Choose a version that holds the whole model.')
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
