import { z } from 'zod'
import type { PictureRecord } from '../../preload/contract/gallery.ts'
import {
  type GenerateRequest,
  methodNames,
  mostLoras,
  predictionNames,
  samplerNames,
  scheduleNames,
} from '../../preload/contract/generation.ts'

const auto = 'auto'

const noiseLevel = z.number().min(0).max(1000)

/**
 * What Create's panel and the bar under the picture hold. `auto` and null are the studio's own choice. What is
 * missing or not possible takes its default, and leaves the others as they are.
 */
export const createValues = z.object({
  prompt: z.string().catch(''),
  /** Null is none; an empty one, which to SDXL is not the same, comes with a picture that was painted so. */
  negative: z.string().nullable().catch(null),
  /** Id of a model of the library. */
  base: z.string().catch('demo'),
  /** Id of a VAE of the library; null is the base's own. */
  vae: z.string().nullable().catch(null),
  /** What is wished for; where no guide fits the base, `guide` paints as CFG. */
  method: z.enum(methodNames).catch('guide'),
  /** Id of a guide of the library; null is the first that fits the base. */
  guide: z.string().nullable().catch(null),
  /** LoRAs of the library, in the order in which they were chosen. */
  loras: z
    .array(z.object({ id: z.string(), strength: z.number().min(-10).max(10) }))
    .max(mostLoras)
    .readonly()
    .catch([]),
  guidance: z.number().min(0).max(30).catch(5),
  /** Every how many steps a guide is corrected by both true passes; 0 is never. */
  refresh: z.int().min(0).max(1000).catch(0),
  /** Every how many steps `reuse` takes both passes. */
  reuse: z.int().min(1).max(1000).catch(2),
  /** Noise levels sigma between which `interval` guides. */
  intervalLow: noiseLevel.catch(0.28),
  intervalHigh: noiseLevel.catch(5.42),
  /** Cosine of the two predictions from which on `adaptive` guides no more. */
  agreement: z.number().min(-1).max(1).catch(0.99),
  /** Share by which guidance of two passes is scaled back. */
  rescale: z.number().min(0).max(1).catch(0),
  steps: z.int().min(1).max(1000).catch(20),
  sampler: z.enum([auto, ...samplerNames]).catch(auto),
  schedule: z.enum(scheduleNames).catch(auto),
  prediction: z.enum([auto, ...predictionNames]).catch(auto),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .catch(1),
  /** A locked seed stays from picture to picture; else each *Paint* draws another. */
  seedLocked: z.boolean().catch(false),
  count: z.int().min(1).max(1000).catch(1),
  width: z.int().nullable().catch(null),
  height: z.int().nullable().catch(null),
  clipSkip: z.int().min(1).max(12).catch(1),
  /** Paths of the picture to start from, and of the one that says where it is painted anew. */
  init: z.string().nullable().catch(null),
  mask: z.string().nullable().catch(null),
  /** Share of the steps that repaint it; null is what is usual with a mask and without. */
  strength: z.number().min(0).max(1).nullable().catch(null),
})
export type CreateValues = z.infer<typeof createValues>

export const createDefaults: CreateValues = createValues.parse({})

/** What a request says of guidance. */
export type GuidanceRequest = Pick<
  GenerateRequest,
  'method' | 'guide' | 'guidance' | 'refresh' | 'interval' | 'agreement' | 'rescale'
>

/** A method with the options that it heeds; where it is not known yet, the studio chooses. */
export function guidanceRequest(
  values: CreateValues,
  method: CreateValues['method'] | undefined,
  guide: string | undefined,
): GuidanceRequest {
  const { guidance, rescale } = values
  const shared = { guidance, ...(rescale > 0 && { rescale }) }
  switch (method) {
    case undefined:
      return shared
    case 'guide':
      return { method, ...shared, refresh: values.refresh, ...(guide !== undefined && { guide }) }
    case 'reuse':
      return { method, ...shared, refresh: values.reuse }
    case 'interval':
      return { method, ...shared, interval: [values.intervalLow, values.intervalHigh] }
    case 'adaptive':
      return { method, ...shared, agreement: values.agreement }
    default:
      return { method, ...shared }
  }
}

/** A request without what it says of guidance. */
export function unguided(request: GenerateRequest): Omit<GenerateRequest, keyof GuidanceRequest> {
  const { method, guide, guidance, refresh, interval, agreement, rescale, ...picture } = request
  return picture
}

/** Two requests of the same key are guided alike. */
function guidanceKey(request: GuidanceRequest): string {
  const { method, guide, guidance, refresh, interval, agreement, rescale } = request
  return JSON.stringify(method === 'none' ? [method] : [method, guide, guidance, refresh, interval, agreement, rescale])
}

/** Two requests of the same key paint the same picture. */
export function pictureKey(request: GenerateRequest): string {
  const { base, vae, prompt, negative, steps, sampler, schedule, prediction, seed, width, height, clipSkip } = request
  const rest = [base, vae, prompt, negative, steps, sampler, schedule, prediction, seed, width, height, clipSkip]
  // Where it begins with no picture its strength says nothing.
  const begun = request.init === undefined ? [] : [request.init, request.mask, request.strength]
  const plugged = request.loras?.map(({ lora, strength = 1 }) => [lora, strength]) ?? []
  return JSON.stringify([...rest, plugged, ...begun, guidanceKey(request)])
}

/** What a request says beside base, LoRAs, guidance and count. */
export function pictureRequest(values: CreateValues, width: number, height: number) {
  const { prompt, negative, steps, seed, schedule, clipSkip, sampler, prediction, init, mask, strength } = values
  return {
    ...{ prompt, steps, seed, width, height, schedule, clipSkip },
    ...(negative !== null && { negative }),
    ...(sampler !== auto && { sampler }),
    ...(prediction !== auto && { prediction }),
    ...(init !== null && { init, ...(mask !== null && { mask }), ...(strength !== null && { strength }) }),
  } satisfies Partial<GenerateRequest>
}

const within = (low: number, high: number, value: number) => Math.min(high, Math.max(low, value))

/** Two noise levels in the panel's terms; two that are the same are none. */
function levelsOf(interval: readonly [number, number]) {
  const [low, high] = interval.map(level => within(0, 1000, level)).sort((a, b) => a - b) as [number, number]
  const { intervalLow, intervalHigh } = createDefaults
  return low < high ? { intervalLow: low, intervalHigh: high } : { intervalLow, intervalHigh }
}

/** A picture's seed within the panel's bounds: of a larger one of another program torch takes the low 32 bits alone. */
export const seedOf = ({ seed }: Pick<PictureRecord, 'seed'>): number => seed % 2 ** 32

/**
 * A picture's settings in the panel's terms, within its bounds; what this studio does not have is left to the base. A
 * size or steps beyond them stay: with others it would be another picture.
 */
export function valuesOf(record: PictureRecord) {
  const named = <T extends string>(names: readonly T[], name: string | undefined) => names.find(each => each === name)
  const { prompt, guidance, steps, width, height, refresh, interval, agreement, rescale = 0 } = record
  // A method of another program is most likely CFG.
  const method = named(methodNames, record.method) ?? 'cfg'
  return {
    ...{ prompt, steps, seed: seedOf(record), width, height, method },
    negative: record.negative ?? null,
    guidance: within(0, 30, guidance),
    rescale: within(0, 1, rescale),
    ...(method === 'guide' && { refresh: within(0, 1000, refresh ?? createDefaults.refresh) }),
    // 0 is never again after the first step: with at most as many steps, every 1000th is the same.
    ...(method === 'reuse' && { reuse: refresh === 0 ? 1000 : within(1, 1000, refresh ?? createDefaults.reuse) }),
    ...(interval && levelsOf(interval)),
    ...(agreement !== undefined && { agreement: within(-1, 1, agreement) }),
    sampler: named(samplerNames, record.sampler) ?? auto,
    schedule: named(scheduleNames, record.schedule) ?? auto,
    prediction: named(predictionNames, record.predictionType?.replace('_prediction', '')) ?? auto,
    clipSkip: within(1, 12, record.clipSkip ?? 1),
    init: record.init ?? null,
    mask: record.mask ?? null,
    strength: record.init === undefined || record.strength === undefined ? null : within(0, 1, record.strength),
  } satisfies Partial<CreateValues>
}
