import { stat } from 'node:fs/promises'
import { UserError } from '../errors.ts'
import { readHeader } from '../tensor/safetensors/header.ts'
import { pathError } from '../tensor/safetensors/open.ts'
import type { Architecture, BaseCheckpoint, ModelDescription, Overrides, Prediction } from './checkpoint.ts'
import { describeFolder } from './layouts/diffusers.ts'
import { layouts } from './layouts/index.ts'
import type { Layout } from './layouts/layout.ts'
import { sd1 } from './layouts/sd1.ts'
import { sd2 } from './layouts/sd2.ts'
import { sdxl } from './layouts/sdxl.ts'

/**
 * Says what a file or folder is, from headers alone: no weights are read. Of a base `overrides` are believed.
 * @throws UserError where it cannot be read, or is damaged or hostile, or cannot be of the family that it is said to be
 */
export const describeModel = async (path: string, overrides: Overrides = {}): Promise<ModelDescription> => {
  const info = await stat(path).catch((error: unknown) => {
    throw pathError(path, error)
  })
  if (info.isDirectory()) return overridden(await describeFolder(path, overrides.architecture), overrides)
  const header = await readHeader(path)
  const layout = layouts.find(({ matches }) => matches(header)) as Layout
  const found = layout.describe(header)
  const { architecture } = overrides
  const other = found.kind === 'base' && architecture !== undefined && architecture !== found.architecture
  return overridden(other ? bases[architecture].describe(header) : found, overrides)
}

/** The layouts of one file, by the family that a person may say. */
const bases: Readonly<Record<Architecture, Layout>> = { sd1, sd2, sdxl }

function overridden(model: ModelDescription, { architecture, prediction }: Overrides): ModelDescription {
  if (model.kind !== 'base') return model
  if (architecture !== undefined) requireFamily(model)
  if (prediction === undefined) return model
  const chosen: Prediction = { value: prediction, sure: true, chosen: true, source: 'choice of a person' }
  return { ...model, prediction: chosen }
}

const familyNames: Readonly<Record<Architecture, string>> = { sd1: 'SD 1.x', sd2: 'SD 2.x', sdxl: 'SDXL' }

/** What no family can be taken for another without: SDXL's second text encoder and what tells it sizes; any text encoder's own keys. */
function requireFamily({ architecture, unet, textEncoders }: BaseCheckpoint): void {
  const conditioned = 'add_embedding.linear_1.weight'
  const empty = textEncoders.find(({ table }) => table.size === 0)
  const lacks =
    architecture === 'sdxl' && !unet.table.has(conditioned)
      ? unet.keyOf(conditioned)
      : architecture === 'sdxl' && textEncoders.length < 2
        ? 'its second text encoder'
        : empty?.keyOf('text_model.embeddings.token_embedding.weight')
  if (lacks !== undefined) throw impossible(architecture, `it lacks ${lacks}`)
  if (architecture !== 'sdxl' && unet.table.has(conditioned))
    throw impossible(architecture, `it has ${unet.keyOf(conditioned)}, which only SDXL has`)
}

const impossible = (architecture: Architecture, why: string): UserError =>
  new UserError(`This model cannot be ${familyNames[architecture]}: ${why}.`, 'Leave its family as the file says it.')
