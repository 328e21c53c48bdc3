import { z } from 'zod'
import type { PictureRecord } from '../../preload/contract/gallery.ts'
import {
  type GenerateRequest,
  methodNames,
  predictionNames,
  samplerNames,
  scheduleNames,
} from '../../preload/contract/generation.ts'

const auto = 'auto'

const noiseLevel = z.number().min(0).max(1000)

/** What Create's panel and the bar under the picture hold. `auto` and null are the studio's own choice. */
export const createValues = z.object({
  prompt: z.string().default(''),
  negative: z.string().default(''),
  /** Id of a model of the library. */
  base: z.string().default('demo'),
  /** What is wished for; where no guide fits the base, `guide` paints as CFG. */
  method: z.enum(methodNames).default('guide'),
  /** Id of a guide of the library; null is the first that fits the base. */
  guide: z.string().nullable().default(null),
  guidance: z.number().min(0).max(30).default(5),
  /** Every how many steps a guide is corrected by both true passes; 0 is never. */
  refresh: z.int().min(0).max(1000).default(0),
  /** Every how many steps `reuse` takes both passes. */
  reuse: z.int().min(1).max(1000).default(2),
  /** Noise levels sigma between which `interval` guides. */
  intervalLow: noiseLevel.default(0.28),
  intervalHigh: noiseLevel.default(5.42),
  /** Cosine of the two predictions from which on `adaptive` guides no more. */
  agreement: z.number().min(-1).max(1).default(0.99),
  steps: z.int().min(1).max(1000).default(20),
  sampler: z.enum([auto, ...samplerNames]).default(auto),
  schedule: z.enum(scheduleNames).default(auto),
  prediction: z.enum([auto, ...predictionNames]).default(auto),
  seed: z
    .int()
    .min(0)
    .max(2 ** 32 - 1)
    .default(1),
  /** A locked seed stays from picture to picture; else each *Paint* draws another. */
  seedLocked: z.boolean().default(false),
  count: z.int().min(1).max(1000).default(1),
  width: z.int().nullable().default(null),
  height: z.int().nullable().default(null),
  clipSkip: z.int().min(1).max(12).default(1),
})
export type CreateValues = z.infer<typeof createValues>

export const createDefaults: CreateValues = createValues.parse({})

/** What a request says of guidance. */
export type GuidanceRequest = Pick<
  GenerateRequest,
  'method' | 'guide' | 'guidance' | 'refresh' | 'interval' | 'agreement'
>

/** A method with the options that it heeds; where it is not known yet, the studio chooses. */
export function guidanceRequest(
  values: CreateValues,
  method: CreateValues['method'] | undefined,
  guide: string | undefined,
): GuidanceRequest {
  const { guidance } = values
  switch (method) {
    case undefined:
      return { guidance }
    case 'guide':
      return { method, guidance, refresh: values.refresh, ...(guide !== undefined && { guide }) }
    case 'reuse':
      return { method, guidance, refresh: values.reuse }
    case 'interval':
      return { method, guidance, interval: [values.intervalLow, values.intervalHigh] }
    case 'adaptive':
      return { method, guidance, agreement: values.agreement }
    default:
      return { method, guidance }
  }
}

/** A request without what it says of guidance. */
export function unguided(request: GenerateRequest): Omit<GenerateRequest, keyof GuidanceRequest> {
  const { method, guide, guidance, refresh, interval, agreement, ...picture } = request
  return picture
}

/** Two requests of the same key are guided alike. */
export const guidanceKey = ({ method, guide, guidance, refresh, interval, agreement }: GuidanceRequest): string =>
  JSON.stringify(method === 'none' ? [method] : [method, guide, guidance, refresh, interval, agreement])

/** Two requests of the same key paint the same picture. */
export function pictureKey(request: GenerateRequest): string {
  const { base, prompt, negative, steps, sampler, schedule, prediction, seed, width, height, clipSkip } = request
  const rest = [base, prompt, negative, steps, sampler, schedule, prediction, seed, width, height, clipSkip]
  return JSON.stringify([...rest, guidanceKey(request)])
}

/** What a request says beside base, guidance and count. */
export function pictureRequest(values: CreateValues, width: number, height: number) {
  const { prompt, negative, steps, seed, schedule, clipSkip, sampler, prediction } = values
  return {
    ...{ prompt, steps, seed, width, height, schedule, clipSkip },
    // An empty field is no negative prompt, which to SDXL is not the same as an empty one.
    ...(negative !== '' && { negative }),
    ...(sampler !== auto && { sampler }),
    ...(prediction !== auto && { prediction }),
  } satisfies Partial<GenerateRequest>
}

/** A picture's settings in the panel's terms; what this studio does not have is left to the base. */
export function valuesOf(record: PictureRecord) {
  const named = <T extends string>(names: readonly T[], name: string | undefined) => names.find(each => each === name)
  const { prompt, negative, guidance, steps, seed, width, height, refresh, interval, agreement } = record
  // A method of another program is most likely CFG.
  const method = named(methodNames, record.method) ?? 'cfg'
  return {
    ...{ prompt, negative, steps, seed, width, height, method },
    guidance: Math.min(30, Math.max(0, guidance)),
    ...(method === 'guide' && { refresh: refresh ?? createDefaults.refresh }),
    ...(method === 'reuse' && { reuse: refresh ?? createDefaults.reuse }),
    ...(interval && { intervalLow: interval[0], intervalHigh: interval[1] }),
    ...(agreement !== undefined && { agreement }),
    sampler: named(samplerNames, record.sampler) ?? auto,
    schedule: named(scheduleNames, record.schedule) ?? auto,
    prediction: named(predictionNames, record.predictionType?.replace('_prediction', '')) ?? auto,
    clipSkip: record.clipSkip ?? 1,
  } satisfies Partial<CreateValues>
}
