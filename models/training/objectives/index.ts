import type { ObjectiveName, Recipe, RecipeOf } from '../recipe.ts'
import { autoencode } from './autoencode.ts'
import { contrast } from './contrast.ts'
import { denoise } from './denoise.ts'
import { guide } from './guide.ts'
import { lora } from './lora.ts'
import type { Objective, OpenObjective, Setting } from './objective.ts'
import { progressive } from './progressive.ts'

/** Every objective by the name that a recipe gives. */
const objectives: { readonly [Name in ObjectiveName]: OpenObjective<RecipeOf<Name>> } = {
  autoencode,
  contrast,
  denoise,
  guide,
  lora,
  progressive,
}

/** Opens what a recipe trains. Throws `UserError` where it names what cannot be used. */
export const objectiveOf = (recipe: Recipe, setting: Setting): Promise<Objective> =>
  (objectives[recipe.objective] as OpenObjective<Recipe>)(recipe, setting)
