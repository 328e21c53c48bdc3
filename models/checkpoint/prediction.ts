import { UserError } from '../errors.ts'
import type { Architecture, Prediction, RawConfig } from './checkpoint.ts'

const values: ReadonlyMap<unknown, Prediction['value']> = new Map([
  ['epsilon', 'epsilon'],
  ['v_prediction', 'v_prediction'],
  ['v', 'v_prediction'],
  ['sample', 'sample'],
])

const stated = (word: unknown, source: string): Prediction => {
  const value = values.get(word)
  if (value) return { value, sure: true, source }
  throw new UserError(`${source} is ${JSON.stringify(word)}; it must be epsilon, v_prediction or sample.`)
}

/** What the output of a folder's UNet means: its scheduler file says so, and epsilon where it is silent. */
export const folderPrediction = (architecture: Architecture, scheduler: RawConfig | undefined): Prediction => {
  const source = 'prediction_type in scheduler/scheduler_config.json'
  const word = scheduler?.prediction_type ?? undefined
  if (word !== undefined) return stated(word, source)
  if (!scheduler && architecture === 'sd2') return guess
  return { value: 'epsilon', sure: scheduler !== undefined, source: `the default of ${source}` }
}

/** SD 2.x was published both ways, and no tensor shows which: `pipelines/prediction.ts` tells by a pass. */
const guess: Prediction = { value: 'v_prediction', sure: false, source: 'a guess: SD 2.x files do not say it' }

/** What the output of a single file's UNet means: by metadata, then by the mark of trainers, then by habit. */
export const filePrediction = (
  architecture: Architecture,
  keys: ReadonlyMap<string, unknown>,
  metadata: Readonly<Record<string, string>>,
): Prediction => {
  const word = metadata['modelspec.prediction_type']
  if (word !== undefined) return stated(word, 'modelspec.prediction_type in the metadata')
  if (keys.has('v_pred')) return { value: 'v_prediction', sure: true, source: 'the key v_pred' }
  return architecture === 'sd2'
    ? guess
    : { value: 'epsilon', sure: true, source: `the usual one of ${architecture}, no v_pred mark` }
}
