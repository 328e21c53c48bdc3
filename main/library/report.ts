import { asBase } from '../../models/checkpoint/as-base.ts'
import type { ModelDescription, Overrides } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { loraShape } from '../../models/checkpoint/lora-shape.ts'
import { summarise } from '../../models/checkpoint/metadata.ts'
import { nativeSize } from '../../models/checkpoint/native-size.ts'
import { dtypesOf, parameterCount, weightsOf } from '../../models/checkpoint/summary.ts'
import { UserError } from '../../models/errors.ts'
import { examine } from '../../models/pipelines/examine.ts'
import type { ModelReport } from '../../preload/contract/models.ts'

/** What a model is, with the metadata as they stand in its (first) file. */
export interface WholeReport extends ModelReport {
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Says what a model file or folder is, from its headers; `overrides` are believed.
 * @throws UserError where it cannot be read, or is damaged or hostile
 */
export const reportModel = async (path: string, overrides?: Overrides): Promise<WholeReport> =>
  reportOf(await describeModel(path, overrides))

/** The same of what was described. */
export async function reportOf(model: ModelDescription): Promise<WholeReport> {
  const weights = weightsOf(model)
  const report = {
    kind: model.kind,
    ...(model.architecture !== undefined && { architecture: model.architecture }),
    layout: model.layout,
    dtype: dtypesOf(weights),
    parameters: parameterCount(weights),
    missing: [],
    leftover: [],
    ...(model.kind === 'lora' && { lora: await loraShape(model.entries) }),
    ...summarise(model.metadata),
    metadata: model.metadata,
  }
  if (model.kind === 'base') return { ...report, ...factsOf(model) }
  return isRefused(model.kind) ? { ...report, error: model.refusal.message } : report
}

/** Kinds that are of no use here, whatever they are chosen as. */
const isRefused = (kind: ModelDescription['kind']): boolean =>
  !['base', 'guide', 'lora', 'vae', 'embedding'].includes(kind)

function factsOf(base: Extract<ModelDescription, { kind: 'base' }>): Partial<ModelReport> {
  const { variant, prediction, unet, vae, textEncoders, leftover } = base
  const parts = [unet, vae, ...textEncoders].map(({ name, table }) => {
    const own = [...table.values()]
    return { name, parameters: parameterCount(own), dtype: dtypesOf(own) }
  })
  const unusable = sentenceOf(() => asBase(base))
  const told = {
    ...(variant && { variant }),
    ...{ predictionType: prediction.value, predictionSure: prediction.sure, predictionSource: prediction.source },
    parts,
  }
  try {
    const { problems, leftover } = examine(base)
    const side = nativeSize(base)
    const error = unusable ?? problems[0]?.message
    return {
      ...told,
      ...{ width: side, height: side },
      missing: problems.filter(({ kind }) => kind === 'missing').map(({ key }) => key),
      leftover: [...leftover],
      ...(error !== undefined && { error }),
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    // Its shapes make none of our networks: what they would miss is not known.
    return { ...told, leftover: leftover.map(({ key }) => key), error: unusable ?? error.message }
  }
}

function sentenceOf(work: () => unknown): string | undefined {
  try {
    work()
    return undefined
  } catch (error) {
    if (error instanceof UserError) return error.message
    throw error
  }
}
