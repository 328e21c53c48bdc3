import { randomInt } from 'node:crypto'
import type { Overrides } from '../../models/checkpoint/checkpoint.ts'
import { parseRecipe } from '../../models/training/read-recipe.ts'
import type { RecipeOf } from '../../models/training/recipe.ts'
import type { qualityNames } from '../../preload/contract/training.ts'

export type Quality = (typeof qualityNames)[number]

/** What a recipe is made of. */
export interface Wanted {
  readonly name: string
  /** Path of the base, and what was said of it. */
  readonly base: string
  readonly overrides: Overrides | undefined
  /** Path of a list of prompts. */
  readonly prompts: string
  /** Parameters of the base's UNet. */
  readonly parameters: number
}

/** UNets of more parameters are large: the demo model has 10 million, SD 1.5 860, SDXL 2,600. */
const large = 150_000_000

/**
 * How a guide is trained. `lora1` at 1.08% came nearest to CFG of all kinds that were compared on the demo family, also on
 * a fine-tune that it never saw; its rate is the one that the shipped guide was trained at. On a large base a step takes
 * a thousand times as long: fewer examples make a step there, more of the base's own parameters lie under each rank so
 * that half of the share will do, the rate lies between ours and the 1e-4 that AGD (arXiv 2503.07274) took for SD 2.1, and
 * the teacher is asked for few pictures at once, so that little is lost when it makes way. Loading takes more memory than
 * a step, so nothing is computed anew. On large bases these were not compared.
 */
const bySize = {
  small: { size: 0.0108, batch: 16, accumulate: 2, learningRate: 0.002, together: 16 },
  large: { size: 0.005, batch: 1, accumulate: 8, learningRate: 0.0005, together: 2 },
} as const

/**
 * Steps and states by quality. Quick shows within minutes on a small base whether it is worth while: the first few
 * hundred steps bring most. Good is what the shipped guide was trained with; best sees four times as much. A state
 * serves about one and a half times, at another guidance scale each. Large bases keep the steps, which decide how far the weights
 * come, and get a state for each example of the quick run's, then fewer.
 */
const byQuality = {
  quick: { steps: 240, states: { small: 5120, large: 1280 }, held: { small: 128, large: 8 }, checkpointEvery: 30 },
  good: { steps: 1080, states: { small: 25_600, large: 5120 }, held: { small: 512, large: 16 }, checkpointEvery: 60 },
  best: {
    steps: 4000,
    states: { small: 76_800, large: 20_480 },
    held: { small: 512, large: 16 },
    checkpointEvery: 100,
  },
} as const satisfies Record<Quality, unknown>

/** Checkpoints from one set of samples to the next. */
const sampleEvery = 2

/** The recipe of a guide. What is measured of it, a batch and a state, is the same at every quality. */
export function guideRecipe(
  { name, base, overrides, prompts, parameters }: Wanted,
  quality: Quality,
  seed = randomInt(2 ** 32),
): RecipeOf<'guide'> {
  const size = parameters > large ? 'large' : 'small'
  const { together, ...own } = bySize[size]
  const { steps, states, held, checkpointEvery } = byQuality[quality]
  const recipe = {
    ...{ objective: 'guide', name, base, prompts, kind: 'lora1', guidance: [1, 9], negatives: 0.25, seed },
    ...(overrides && { overrides }),
    states: { count: states[size], noised: 0.5, teacherSteps: [8, 24], held: held[size], together },
    ...own,
    ...{ steps, warmup: 20, checkpointEvery, sampleEvery: sampleEvery * checkpointEvery },
  }
  return parseRecipe(recipe, 'recipe.json') as RecipeOf<'guide'>
}
