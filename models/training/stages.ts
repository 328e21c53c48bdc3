import { join } from 'node:path'
import type { Recipe } from './recipe.ts'
import { openRunFolder } from './run/folder.ts'
import { type TrainOptions, type TrainResult, train } from './train.ts'

/**
 * Trains a recipe. One that halves a guide's steps several times is a run for each halving in the run's folder
 * (`stages/32-16`, `stages/16-8`...), each beginning with the guide that the one before it made.
 */
export async function trainRecipe(recipe: Recipe, options: TrainOptions): Promise<TrainResult> {
  if (recipe.objective !== 'progressive' || recipe.stages.length === 2) return train(recipe, options)
  const { path } = await openRunFolder(options.folder, recipe, options.resume)
  let last: TrainResult | undefined
  for (const [i, few] of recipe.stages.slice(1).entries()) {
    const many = recipe.stages[i] as number
    const stage = { ...recipe, stages: [many, few], ...(last && { guide: last.result }) }
    const folder = join(path, 'stages', `${many}-${few}`)
    last = await train(stage, { ...options, folder, resume: 'auto' })
  }
  return last as TrainResult
}
