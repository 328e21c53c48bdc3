import { open } from 'node:fs/promises'
import type { GuideContent, GuideFile } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { hashModel, type ModelHashes } from '../../models/checkpoint/hashes.ts'
import { UserError } from '../../models/errors.ts'
import type { GuideReport } from '../library/guides.ts'
import { reportOf, type WholeReport } from '../library/report.ts'
import { shipped } from '../paths.ts'

/** What a guide is, and how it stands to one base. */
interface GuideInspection extends WholeReport, Omit<GuideReport, 'kind' | 'difference' | 'missing' | 'leftover'> {
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

interface InspectOptions {
  /** What a guide is held against; the demo model where it is left out. */
  readonly base?: string | undefined
  /** Whether the whole file is read for its hashes; a folder has none. */
  readonly hashes?: boolean | undefined
  readonly signal?: AbortSignal
}

/** What a model is, with its hashes where they were asked for. */
type Inspection = WholeReport & { readonly hashes?: ModelHashes }

/** Says what a file or folder is. Throws `UserError` where it cannot be read, or is damaged or hostile. */
export async function inspectPath(
  path: string,
  { base = shipped.demo, hashes = false, signal }: InspectOptions = {},
): Promise<Inspection | PictureReport> {
  if (await isPng(path)) return inspectPicture(path)
  const model = await describeModel(path)
  const report = await reportOf(model)
  const whole = model.kind === 'guide' ? await inspectGuide(model, report, base) : report
  return hashes && model.layout !== 'diffusers' ? { ...whole, hashes: await hashModel(path, signal) } : whole
}

async function inspectGuide(file: GuideFile, report: WholeReport, base: string): Promise<WholeReport> {
  if (file.content instanceof UserError) return { ...report, error: file.content.message }
  const { reportPair } = await import('../library/guides.ts')
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
  // Not for models, which are looked at sooner without it
  const [{ readPngText }, { parseSettings, settingsKeyword }, { parametersKeyword, parseParameters }] =
    await Promise.all([
      import('../gallery/png.ts'),
      import('../gallery/settings.ts'),
      import('../gallery/parameters.ts'),
    ])
  const texts = await readPngText(path)
  const own = parseSettings(texts.get(settingsKeyword) ?? '')
  const settings = own ?? parseParameters(texts.get(parametersKeyword) ?? '').settings
  return { kind: 'picture', settings, metadata: Object.fromEntries(texts) }
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
