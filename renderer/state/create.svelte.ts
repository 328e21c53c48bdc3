import { z } from 'zod'
import type { PictureRecord } from '../../preload/contract/gallery.ts'
import {
  type GenerateRequest,
  methodNames,
  predictionNames,
  samplerNames,
  scheduleNames,
} from '../../preload/contract/generation.ts'
import type { Api } from '../../preload/contract/index.ts'
import type { ModelCard } from '../../preload/contract/models.ts'
import type { Connection } from './connection.svelte.ts'
import { Kept } from './kept.ts'
import type { Models } from './models.svelte.ts'
import type { Toasts } from './toasts.ts'

const auto = 'auto'

/** What Create's panel holds. `auto` and null are the base's own choice. */
const createValues = z.object({
  prompt: z.string().default(''),
  negative: z.string().default(''),
  /** Id of a model of the library. */
  base: z.string().default('demo'),
  method: z.enum(methodNames).default('cfg'),
  guidance: z.number().min(0).max(30).default(5),
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

/** What a picture's settings can be taken for. */
export type Recall = 'all' | 'prompt' | 'seed'

/** The settings of the next picture; kept in the studio, so that a restart finds them again. */
export class CreateSettings {
  values = $state.raw<CreateValues>(createDefaults)
  readonly #kept: Kept<CreateValues>
  readonly #models: Models
  readonly #toasts: Toasts

  constructor(api: Api, connection: Connection, toasts: Toasts, models: Models) {
    this.#models = models
    this.#toasts = toasts
    this.#kept = new Kept(api, connection, toasts, 'create', createValues, values => {
      this.values = values
    })
  }

  /** The chosen base, or the first that there is where it has gone. */
  readonly base = $derived.by((): ModelCard | undefined => {
    const bases = this.#models.bases
    return bases.find(({ id }) => id === this.values.base) ?? bases[0]
  })

  /** Pixels of the next picture. */
  readonly width = $derived(this.values.width ?? this.base?.nativeSize ?? 512)
  readonly height = $derived(this.values.height ?? this.base?.nativeSize ?? 512)

  set(patch: Partial<CreateValues>): void {
    this.values = { ...this.values, ...patch }
    this.#kept.keep(this.values)
  }

  /** Whether any of `keys` is not at its default. */
  differs(...keys: readonly (keyof CreateValues)[]): boolean {
    return keys.some(key => this.values[key] !== createDefaults[key])
  }

  reset(...keys: readonly (keyof CreateValues)[]): void {
    this.set(Object.fromEntries(keys.map(key => [key, createDefaults[key]])))
  }

  /** Draws another seed. */
  roll(): void {
    const [seed = 0] = crypto.getRandomValues(new Uint32Array(1))
    this.set({ seed })
  }

  /** What is asked for now. */
  request(): GenerateRequest {
    const { values, base } = this
    const { sampler, prediction, clipSkip, schedule } = values
    return {
      ...requestOf(base),
      prompt: values.prompt,
      negative: values.negative,
      method: values.method,
      guidance: values.guidance,
      steps: values.steps,
      seed: values.seed,
      count: values.count,
      width: this.width,
      height: this.height,
      schedule,
      clipSkip,
      ...(sampler !== auto && { sampler }),
      ...(prediction !== auto && { prediction }),
    }
  }

  /** The request that paints a recorded picture again. */
  requestFor(record: PictureRecord): GenerateRequest {
    const base = this.#models.baseOf(record.base) ?? this.base
    const { sampler, prediction, schedule, clipSkip, method, ...rest } = valuesOf(record)
    return {
      ...requestOf(base),
      prompt: rest.prompt,
      negative: rest.negative,
      method,
      guidance: rest.guidance,
      steps: rest.steps,
      seed: rest.seed,
      width: record.width,
      height: record.height,
      schedule,
      clipSkip,
      ...(sampler !== auto && { sampler }),
      ...(prediction !== auto && { prediction }),
    }
  }

  /** Takes over what a picture was made with. Says so where its base is not in the library. */
  use(record: PictureRecord, what: Recall): void {
    if (what === 'seed') this.set({ seed: record.seed, seedLocked: true })
    else if (what === 'prompt') this.set({ prompt: record.prompt, negative: record.negative })
    else this.#useAll(record)
  }

  #useAll(record: PictureRecord): void {
    const base = this.#models.baseOf(record.base)
    if (base === undefined) {
      this.#toasts.info(
        `The base ${record.base.name} is not in the library.`,
        'All other settings were taken; add the base in Models.',
      )
    }
    this.set({ ...valuesOf(record), seedLocked: true, count: 1, ...(base && { base: base.id }) })
  }
}

/** The demo model is what the studio takes where no base is named. */
const requestOf = (base: ModelCard | undefined) =>
  base === undefined || base.place === 'shipped' ? {} : { base: base.path }

/** A picture's settings in the panel's terms; what this studio does not have is left to the base. */
function valuesOf(record: PictureRecord) {
  const named = <T extends string>(names: readonly T[], name: string | undefined) => names.find(each => each === name)
  const { prompt, negative, guidance, steps, seed, width, height } = record
  return {
    prompt,
    negative,
    guidance: Math.min(30, Math.max(0, guidance)),
    steps,
    seed,
    width,
    height,
    method: named(methodNames, record.method) ?? createDefaults.method,
    sampler: named(samplerNames, record.sampler) ?? auto,
    schedule: named(scheduleNames, record.schedule) ?? auto,
    prediction: named(predictionNames, record.predictionType?.replace('_prediction', '')) ?? auto,
    clipSkip: record.clipSkip ?? 1,
  } satisfies Partial<CreateValues>
}
