import { open } from 'node:fs/promises'
import type { ModelDescription } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { dtypesOf, parameterCount, weightsOf } from '../../models/checkpoint/summary.ts'
import { examine } from '../../models/pipelines/examine.ts'
import { parametersKeyword, parseParameters } from '../gallery/parameters.ts'
import { readPngText } from '../gallery/png.ts'
import { parseSettings, settingsKeyword } from '../gallery/settings.ts'

/** What a model file or folder is, from its headers alone. */
export interface ModelReport {
  readonly kind: string
  readonly architecture: string | undefined
  readonly variant?: string
  readonly layout: string
  readonly predictionType?: string
  /** Whether the file says so, or it is the family's usual one. */
  readonly predictionSure?: boolean
  readonly dtype: string
  readonly parameters: number
  /** Keys that its networks need and that are absent. */
  readonly missing: readonly string[]
  /** Keys that no network uses. */
  readonly leftover: readonly string[]
  readonly metadata: Readonly<Record<string, string>>
  /** Why it cannot be painted with, where it should be able to. */
  readonly error?: string
}

/** The generation data that a picture carries. */
export interface PictureReport {
  readonly kind: 'picture'
  readonly settings: unknown
  /** Every text by its keyword. */
  readonly metadata: Readonly<Record<string, string>>
}

/** Says what a file or folder is. Throws `UserError` where it cannot be read, or is damaged or hostile. */
export async function inspectPath(path: string): Promise<ModelReport | PictureReport> {
  return (await isPng(path)) ? inspectPicture(path) : inspectModel(await describeModel(path))
}

async function inspectPicture(path: string): Promise<PictureReport> {
  const texts = await readPngText(path)
  const own = parseSettings(texts.get(settingsKeyword) ?? '')
  const settings = own ?? parseParameters(texts.get(parametersKeyword) ?? '').settings
  return { kind: 'picture', settings, metadata: Object.fromEntries(texts) }
}

function inspectModel(model: ModelDescription): ModelReport {
  const weights = weightsOf(model)
  const report = {
    kind: model.kind,
    architecture: model.architecture,
    layout: model.layout,
    dtype: dtypesOf(weights),
    parameters: parameterCount(weights),
    missing: [],
    leftover: [],
    metadata: model.metadata,
  }
  if (model.kind === 'unknown') return { ...report, error: model.refusal.message }
  if (model.kind !== 'base') return report
  const base = {
    ...report,
    ...(model.variant && { variant: model.variant }),
    predictionType: model.prediction.value,
    predictionSure: model.prediction.sure,
  }
  // Networks of the other families cannot be built yet: what they would miss is not known.
  if (model.architecture !== 'sd1' || model.variant) return { ...base, leftover: model.leftover.map(({ key }) => key) }
  const { problems, leftover } = examine(model)
  return {
    ...base,
    missing: problems.filter(({ kind }) => kind === 'missing').map(({ key }) => key),
    leftover,
    ...(problems[0] && { error: problems[0].message }),
  }
}

async function isPng(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined)
  try {
    const { buffer } = (await file?.read(Buffer.alloc(4), 0, 4, 0)) ?? { buffer: Buffer.alloc(0) }
    return buffer.toString('latin1') === '\x89PNG'
  } catch {
    return false
  } finally {
    await file?.close()
  }
}
