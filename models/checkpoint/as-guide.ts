import { UserError } from '../errors.ts'
import { requireWeights } from './as-base.ts'
import type { GuideCheckpoint, ModelDescription } from './checkpoint.ts'

/**
 * The description as a guide to plug in.
 * @throws UserError in one sentence where it is something else, or cannot be understood
 */
export function asGuide(model: ModelDescription): GuideCheckpoint {
  if (model.kind !== 'guide')
    throw new UserError(
      model.kind === 'base' ? 'This is a base, not a guide.' : 'This is not a guide.',
      'Choose a guide that the studio has made.',
    )
  const { path, entries, content } = model
  if (content instanceof UserError) throw content
  requireWeights({ table: entries })
  return { path, entries, ...content }
}
