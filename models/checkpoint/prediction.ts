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
export const folderPrediction = (scheduler: RawConfig | undefined): Prediction => {
  const source = 'prediction_type in scheduler/scheduler_config.json'
  const word = scheduler?.prediction_type
  return word === undefined || word === null
    ? { value: 'epsilon', sure: scheduler !== undefined, source: `the default of ${source}` }
    : stated(word, source)
}

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
    ? { value: 'v_prediction', sure: false, source: 'a guess: SD 2.x files do not say what they predict' }
    : { value: 'epsilon', sure: true, source: `the usual one of ${architecture}, no v_pred mark` }
}
