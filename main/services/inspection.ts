import { open } from 'node:fs/promises'
import type { GuideContent, GuideFile, ModelDescription } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { dtypesOf, parameterCount, weightsOf } from '../../models/checkpoint/summary.ts'
import { UserError } from '../../models/errors.ts'
import { examine } from '../../models/pipelines/examine.ts'
import { parametersKeyword, parseParameters } from '../gallery/parameters.ts'
import { readPngText } from '../gallery/png.ts'
import { parseSettings, settingsKeyword } from '../gallery/settings.ts'
import { type GuideReport, reportPair } from '../library/guides.ts'
import { shipped } from '../paths.ts'

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

/** What a guide is, and how it stands to one base. */
interface GuideInspection extends ModelReport, Omit<GuideReport, 'kind' | 'difference'> {
  /** Why it does not fit. */
  readonly difference?: string
  /** How it was built, `tap1`. */
  readonly guideKind: string
  /** What a base must be for the guide to fit. */
  readonly base: GuideContent['facts']['base']
}

/** The generation data that a picture carries. */
export interface PictureReport {
  readonly kind: 'picture'
  readonly settings: unknown
  /** Every text by its keyword. */
  readonly metadata: Readonly<Record<string, string>>
}

/**
 * Says what a file or folder is; a guide is held against `base`. Throws `UserError` where it cannot be read, or is
 * damaged or hostile.
 */
export async function inspectPath(path: string, base = shipped.demo): Promise<ModelReport | PictureReport> {
  if (await isPng(path)) return inspectPicture(path)
  const model = await describeModel(path)
  const report = inspectModel(model)
  return model.kind === 'guide' ? inspectGuide(model, report, base) : report
}

async function inspectGuide(file: GuideFile, report: ModelReport, base: string): Promise<ModelReport> {
  if (file.content instanceof UserError) return { ...report, error: file.content.message }
  const { kind: guideKind, difference, missing, leftover, ...held } = await reportPair(file.path, base)
  const { metadata, ...rest } = report
  const inspection: GuideInspection = {
    ...{ ...rest, missing, leftover },
    guideKind,
    base: file.content.facts.base,
    ...held,
    ...(difference !== null && { difference }),
    metadata,
  }
  return inspection
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
  // The other variants' UNets may hold more than ours: what they would miss is not known.
  if (model.variant && model.variant !== 'inpainting')
    return { ...base, leftover: model.leftover.map(({ key }) => key) }
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
