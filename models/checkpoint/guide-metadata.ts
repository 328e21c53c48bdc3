import { z } from 'zod'
import { guideKinds } from '../networks/guide/index.ts'

/** Key of the metadata that holds what only the studio reads; what others show stands in `modelspec.*`. */
export const guideKey = 'cicerone.guide'

const size = z
  .int()
  .min(0)
  .max(1 << 20)
const sizes = z.array(size).max(16).readonly()
const depth = z.union([size, z.object({ down: sizes, up: sizes }).readonly()])
const range = z.tuple([z.number(), z.number()]).readonly()

const facts = z.object({
  /** What its base must be; a field that is absent may be anything. Names are those of the UNet's configuration. */
  base: z.object({
    /** `sd1` */
    architecture: z.string().max(40).optional(),
    predictionType: z.string().max(40).optional(),
    inChannels: size.optional(),
    blockOutChannels: sizes.optional(),
    layersPerBlock: size.optional(),
    transformerLayers: z.array(depth).max(16).readonly().optional(),
    midTransformerLayers: size.nullable().optional(),
    crossAttentionDim: size.optional(),
  }),
  /** Guidance scales that it was trained for, lowest and highest. */
  guidance: range.optional(),
  /** Numbers of steps that it was trained for. */
  steps: range.optional(),
  /** How it was trained, as the recipe says it. */
  recipe: z.record(z.string(), z.unknown()).optional(),
  /** What it reached, by the name of the measure. */
  scores: z.record(z.string(), z.number()).optional(),
})

const record = facts.extend({
  version: z.literal(1),
  kind: z.string().max(40),
  modules: z.array(z.string().max(200)).max(4096).optional(),
})

/** What a guide's file says of it, next to the weights. */
export type GuideFacts = z.infer<typeof facts>

/** A guide's metadata as it was read; a prototype's file says its kind and its modules alone. */
export interface GuideRecord {
  readonly kind: string
  readonly modules: readonly string[]
  readonly facts: GuideFacts
}

/** Reads a guide's metadata; a sentence where the file is a guide that cannot be understood, nothing where it is none. */
export function readGuideRecord(metadata: Readonly<Record<string, string>>): GuideRecord | string | undefined {
  const text = metadata[guideKey]
  if (text === undefined) return prototype(metadata)
  const read = record.safeParse(parsed(text))
  if (read.success) {
    const { version: _, kind, modules = [], ...rest } = read.data
    return { kind, modules, facts: rest }
  }
  const fields = read.error.issues.map(({ path }) => path.join('.'))
  const [field = ''] = fields
  return fields.includes('version')
    ? 'This guide was made by a later version of the studio.'
    : `The guide's metadata is damaged (${guideKey}${field && `: ${field}`}).`
}

/** The metadata of a guide's file, as `readGuideRecord` reads it. */
export function guideMetadata({ kind, modules, facts }: GuideRecord, modelspec: Readonly<Record<string, string>>) {
  const own = { version: 1, kind, ...(modules.length > 0 && { modules }), ...facts }
  return {
    'modelspec.sai_model_spec': '1.0.0',
    'modelspec.architecture': `${architectures[facts.base.architecture ?? ''] ?? 'unknown'}/guide`,
    'modelspec.implementation': 'cicerone',
    ...modelspec,
    [guideKey]: JSON.stringify(own),
  }
}

const architectures: Readonly<Record<string, string>> = {
  sd1: 'stable-diffusion-v1',
  sd2: 'stable-diffusion-v2',
  sdxl: 'stable-diffusion-xl-v1-base',
}

function prototype({ kind = '', modules = '[]' }: Readonly<Record<string, string>>): GuideRecord | undefined {
  if (!Object.hasOwn(guideKinds, kind)) return undefined
  const listed = z.array(z.string()).safeParse(parsed(modules))
  return listed.success ? { kind, modules: listed.data, facts: { base: {} } } : undefined
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
