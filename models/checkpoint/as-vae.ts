import { UserError } from '../errors.ts'
import { requireWeights } from './as-base.ts'
import type { ModelDescription, OtherModel, VaeCheckpoint } from './checkpoint.ts'
import { namesUnder, takePart } from './key-map.ts'
import { asLinearAttention, diffusersVaePairs, ldmVaeStructure, vaePairs, vaePrefix } from './layouts/ldm/vae.ts'

/**
 * The description as a VAE to paint with in place of a base's own: a file or folder of one, or that of another base.
 * @throws UserError in one sentence where it is none
 */
export function asVae(model: ModelDescription): VaeCheckpoint {
  const part = model.kind === 'vae' ? partOf(model as OtherModel) : model.kind === 'base' ? model.vae : undefined
  if (!part || part.table.size === 0)
    throw new UserError('This is not a VAE.', 'Choose a .safetensors file of one, or a folder that diffusers wrote.')
  requireWeights(part)
  return { path: model.path, part }
}

/** Original names or diffusers', with the prefix that a whole model gives them or without. */
function partOf({ entries, config }: OtherModel): VaeCheckpoint['part'] {
  const keys = [...entries.keys()]
  const prefix = keys.some(key => key.startsWith(vaePrefix)) ? vaePrefix : ''
  const names = namesUnder(keys, prefix)
  const isOriginal = names.some(name => /^(?:encoder\.(?:down|mid)|decoder\.(?:up|mid))\./.test(name))
  const pairs = isOriginal ? vaePairs(ldmVaeStructure(names)) : diffusersVaePairs(names)
  return asLinearAttention(takePart('vae', new Map(entries), pairs, prefix, config))
}
