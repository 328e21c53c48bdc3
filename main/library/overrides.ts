import type { Overrides } from '../../models/checkpoint/checkpoint.ts'
import { UserError } from '../../models/errors.ts'
import { predictionTypeOf } from '../../preload/contract/generation.ts'
import type { ModelOverrides } from '../../preload/contract/models.ts'
import type { ModelRow } from '../database/queries/models.ts'
import { columnsOf } from './card.ts'
import type { Catalog } from './catalog.ts'

/** What the person has said of a model. */
export const overridesOf = (row: Pick<ModelRow, 'chosenArchitecture' | 'chosenPrediction'> | undefined): Overrides => ({
  ...(row?.chosenArchitecture && { architecture: row.chosenArchitecture }),
  ...(row?.chosenPrediction && { prediction: row.chosenPrediction }),
})

/**
 * Keeps what a person says of a base; null takes it back, what is left out stays. Throws `UserError` where the model is no
 * base, or cannot be of that family.
 */
export async function override(row: ModelRow, said: ModelOverrides, catalog: Catalog): Promise<ModelRow> {
  if (row.kind !== 'base')
    throw new UserError(`${row.name} is not a base.`, 'Only of a base can be said what it predicts.')
  const chosen = {
    chosenArchitecture: said.architecture === undefined ? row.chosenArchitecture : said.architecture,
    chosenPrediction:
      said.prediction === undefined ? row.chosenPrediction : (predictionTypeOf(said.prediction ?? undefined) ?? null),
  }
  const facts = await catalog.look(catalog.places.whole(row.path), overridesOf(chosen))
  const { architecture, predictionType, nativeSize, usable, problem } = columnsOf(facts)
  const changes = { ...chosen, architecture, predictionType, nativeSize, usable, problem }
  const changed = await catalog.database.models.change(row.id, changes)
  catalog.tellChanged()
  return changed ?? row
}
