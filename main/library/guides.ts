import { asBaseForVae } from '../../models/checkpoint/as-base.ts'
import { asGuide } from '../../models/checkpoint/as-guide.ts'
import type { Overrides } from '../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../models/checkpoint/describe.ts'
import { hashModel } from '../../models/checkpoint/hashes.ts'
import { UserError } from '../../models/errors.ts'
import { type Pairing, pair } from '../../models/pipelines/pairing.ts'
import { type GenerateRequest, type MethodName, predictionTypeOf } from '../../preload/contract/generation.ts'
import { shipped } from '../paths.ts'
import type { ModelChoice } from './choice.ts'
import { stemOf } from './facts.ts'
import { shippedIds } from './shipped-ids.ts'

/** A guide held against a base, with what its own file says. */
export interface GuideReport extends Pairing {
  readonly kind: string
  /** Guidance scales that it was trained for. */
  readonly guidance: readonly [low: number, high: number] | null
  readonly scores: Readonly<Record<string, number>>
}

/**
 * Holds the guide of a file against the base of a file or folder, headers only; `prediction` is what the base is said to
 * predict for once, `overrides` what is said of it for good. Throws `UserError` where one is neither.
 */
export async function reportPair(
  guidePath: string,
  basePath: string,
  prediction?: GenerateRequest['prediction'],
  overrides?: Overrides,
): Promise<GuideReport> {
  const guide = asGuide(await describeModel(guidePath))
  const { guidance = null, scores = {} } = guide.facts
  return {
    ...pair(guide, asBaseForVae(await describeModel(basePath, overrides)), predictionTypeOf(prediction)),
    kind: guide.guideKind,
    guidance,
    scores,
  }
}

/** The guide that ships with the studio. */
export const shippedGuide: ModelChoice = {
  ref: shippedIds.guide,
  path: shipped.guide,
  name: stemOf(shipped.guide),
  hash: async () => (await hashModel(shipped.guide)).autoV2,
}

/** What a request comes to: how it is guided, and by what. */
export interface Guided {
  readonly method: MethodName
  /** Set where the method is `guide`. */
  readonly guide?: ModelChoice
}

interface Choice {
  readonly base: Pick<ModelChoice, 'path' | 'overrides'>
  /** The guide that was asked for. */
  readonly wanted: ModelChoice | undefined
  /** All that there are, for a request that names none. */
  readonly guides: readonly ModelChoice[]
  readonly report: typeof reportPair
}

/**
 * How a request is guided: as it says; else by the first guide that fits the base, and where there is none by two
 * passes. Throws `UserError` where the guide does not fit, or none does.
 */
export async function guidedBy(
  { method, prediction }: Pick<GenerateRequest, 'method' | 'prediction'>,
  { base, wanted, guides, report }: Choice,
): Promise<Guided> {
  if (method !== undefined && method !== 'guide') return { method }
  if (wanted) {
    const { difference } = await report(wanted.path, base.path, prediction, base.overrides)
    if (difference === null) return { method: 'guide', guide: wanted }
    throw new UserError(difference, 'Choose a guide for this base, or one of the methods that need none.')
  }
  for (const guide of guides) {
    const found = await report(guide.path, base.path, prediction, base.overrides).catch(() => undefined)
    if (found?.fits) return { method: 'guide', guide }
  }
  if (method === undefined) return { method: 'cfg' }
  throw new UserError(
    'There is no guide that fits this base.',
    'Choose another method: cfg, or interval, adaptive and reuse, which save passes without a guide.',
  )
}
