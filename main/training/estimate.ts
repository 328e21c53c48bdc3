import type { Measured } from '../../models/training/measure.ts'
import type { RecipeOf } from '../../models/training/recipe.ts'
import { qualityNames, type TrainingEstimate } from '../../preload/contract/training.ts'
import type { Quality } from './recipe.ts'

/** Pictures of a set of samples, and passes of each; a guide's takes one a step, CFG's two. */
const samples = 4
const samplePasses = 16
/** What a pass with a guide in it takes, in passes without. */
const guided = 1.3
/** Guidance scales at which a checkpoint measures. */
const scales = 3

/**
 * What the recipe of each quality takes, from what was measured of them. Counted are loading, encoding every text, all
 * of the teacher's passes, steps, checkpoints with their measures, and the samples' passes; decoding samples is not,
 * which is seconds. Nothing is taken off for what a disk or a cache might have.
 * @param texts how many texts the prompts come to
 */
export function estimateFrom(
  measured: Measured,
  recipes: Readonly<Record<Quality, RecipeOf<'guide'>>>,
  texts: number,
): TrainingEstimate {
  const { batch, accumulate } = recipes.quick
  return {
    secondsPerStep: measured.batch * accumulate,
    examples: batch * accumulate,
    memory: measured.memory,
    qualities: Object.fromEntries(
      qualityNames.map(name => [
        name,
        { seconds: Math.round(secondsOf(recipes[name], measured, texts)), steps: recipes[name].steps },
      ]),
    ) as TrainingEstimate['qualities'],
  }
}

function secondsOf(
  { steps, batch, accumulate, states, checkpointEvery, sampleEvery }: RecipeOf<'guide'>,
  measured: Measured,
  texts: number,
): number {
  const pass = measured.state / 2
  const heldPasses = Math.max(0, states.held - batch) * scales * guided
  const sets = Math.ceil(steps / sampleEvery)
  return (
    measured.loading +
    texts * measured.text +
    states.count * measured.state +
    steps * accumulate * measured.batch +
    Math.ceil(steps / checkpointEvery) * (measured.checkpoint + heldPasses * pass) +
    samples * samplePasses * pass * (sets * guided + 1 + 2)
  )
}
