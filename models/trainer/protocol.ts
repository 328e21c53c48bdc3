import type { Failure } from '../engine/failure.ts'
import type { Measured } from '../training/measure.ts'
import type { Recipe, RecipeOf } from '../training/recipe.ts'
import type { TrainProgress, TrainResult } from '../training/train.ts'

/** What a process does; it does one thing and ends. */
export type Work =
  | {
      readonly type: 'train'
      readonly recipe: Recipe
      /** The run's folder: it is begun, or gone on with. */
      readonly folder: string
      /** merges.txt of CLIP's own tokenizer. */
      readonly merges: string
    }
  | { readonly type: 'measure'; readonly recipe: RecipeOf<'guide'>; readonly merges: string }

/** From the studio to the process; each is a structured clone. The work comes first. */
export type ToTrainer = Work | { readonly type: 'stop' }

/** What each kind of work comes to. */
export interface Results {
  readonly train: TrainResult
  readonly measure: Measured
}

/** From the process to the studio. */
export type FromTrainer =
  | { readonly type: 'progress'; readonly progress: TrainProgress }
  | { readonly type: 'done'; readonly result: Results[Work['type']] }
  | { readonly type: 'failed'; readonly failure: Failure }
