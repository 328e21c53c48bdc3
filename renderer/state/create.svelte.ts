import type { PictureRecord } from '../../preload/contract/gallery.ts'
import { type GenerateRequest, mostLoras } from '../../preload/contract/generation.ts'
import type { Api } from '../../preload/contract/index.ts'
import type { GuideCard, ModelCard } from '../../preload/contract/models.ts'
import type { Connection } from './connection.svelte.ts'
import {
  type CreateValues,
  createDefaults,
  createValues,
  type GuidanceRequest,
  guidanceRequest,
  pictureRequest,
  seedOf,
  valuesOf,
} from './create-values.ts'
import { Kept } from './kept.ts'
import type { Models } from './models.svelte.ts'
import type { Toasts } from './toasts.ts'

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

  /** The guide that is plugged into the base; null where none fits, undefined until that is known. */
  readonly guide = $derived.by(() => this.guideFor(this.base))

  /** The VAE in place of the base's own. */
  readonly vae = $derived.by((): ModelCard | undefined => this.#models.vaes.find(({ id }) => id === this.values.vae))

  /** Pixels of the next picture. */
  readonly width = $derived(this.values.width ?? this.base?.nativeSize ?? 512)
  readonly height = $derived(this.values.height ?? this.base?.nativeSize ?? 512)

  set(patch: Partial<CreateValues>): void {
    this.values = { ...this.values, ...patch }
    this.#kept.keep(this.values)
  }

  /** Whether any of `keys` is not at its default. */
  differs(...keys: readonly (keyof CreateValues)[]): boolean {
    return keys.some(key => JSON.stringify(this.values[key]) !== JSON.stringify(createDefaults[key]))
  }

  reset(...keys: readonly (keyof CreateValues)[]): void {
    this.set(Object.fromEntries(keys.map(key => [key, createDefaults[key]])))
  }

  /** Plugs a LoRA in, or changes how strong it is. */
  setLora(id: string, strength: number): void {
    const { loras } = this.values
    const isIn = loras.some(lora => lora.id === id)
    if (!isIn && loras.length >= mostLoras) return
    this.set({
      loras: isIn ? loras.map(lora => (lora.id === id ? { id, strength } : lora)) : [...loras, { id, strength }],
    })
  }

  removeLora(id: string): void {
    this.set({ loras: this.values.loras.filter(lora => lora.id !== id) })
  }

  /** Draws another seed. */
  roll(): void {
    const [seed = 0] = crypto.getRandomValues(new Uint32Array(1))
    this.set({ seed })
  }

  /** What is asked for now. */
  request(): GenerateRequest {
    const { values, base, vae } = this
    return {
      ...requestOf(base, vae),
      ...pictureRequest(values, this.width, this.height),
      // What has left the library is shown to be gone.
      ...lorasRequest(values.loras.filter(({ id }) => this.#models.named(id)?.usable)),
      ...this.guidanceFor(base),
      count: values.count,
    }
  }

  /** The request that paints a recorded picture again. */
  requestFor(record: PictureRecord): GenerateRequest {
    const values = { ...this.values, ...valuesOf(record) }
    const guide = record.guide && this.#models.guideOf(record.guide)?.id
    // Its guide may have gone: then the studio chooses.
    const method = values.method === 'guide' && guide === undefined ? undefined : values.method
    const vae = record.vae && this.#models.vaeOf(record.vae)
    return {
      ...requestOf(this.#models.baseOf(record.base) ?? this.base, vae),
      ...pictureRequest(values, record.width, record.height),
      ...lorasRequest(this.#lorasOf(record).found),
      ...guidanceRequest(values, method, guide),
    }
  }

  /** Guidance as it is set now, for a picture of any base: CFG where no guide fits that one. */
  guidanceFor(base: ModelCard | undefined): GuidanceRequest {
    const { values } = this
    if (values.method !== 'guide') return guidanceRequest(values, values.method, undefined)
    const guide = this.guideFor(base)
    const method = guide === undefined ? undefined : guide === null ? 'cfg' : 'guide'
    return guidanceRequest(values, method, guide?.id)
  }

  /** Takes over what a picture was made with. Says so where its base, guide or VAE is not in the library. */
  use(record: PictureRecord, what: Recall): void {
    if (what === 'seed') this.set({ seed: seedOf(record), seedLocked: true })
    else if (what === 'prompt') this.set({ prompt: record.prompt, negative: record.negative ?? null })
    else this.#useAll(record)
  }

  #useAll(record: PictureRecord): void {
    const base = this.#models.baseOf(record.base)
    const guide = record.guide && this.#models.guideOf(record.guide)
    const vae = record.vae && this.#models.vaeOf(record.vae)
    const { found: loras, missing: gone } = this.#lorasOf(record)
    const missing = [
      ...(base ? [] : [`base ${record.base.name}`]),
      ...(record.guide && !guide ? [`guide ${record.guide.name}`] : []),
      ...(record.vae && !vae ? [`VAE ${record.vae.name}`] : []),
      ...gone.map(name => `LoRA ${name}`),
      ...(record.embeddings ?? [])
        .filter(embedding => !this.#models.embeddingOf(embedding))
        .map(({ name }) => `embedding ${name}`),
    ]
    if (missing.length > 0) {
      const hint = 'All other settings were taken; add it in Models.'
      const verb = missing.length === 1 ? 'is' : 'are'
      this.#toasts.info(`The ${missing.join(', the ')} ${verb} not in the library.`, hint)
    }
    const found = { ...(base && { base: base.id }), ...(guide && { guide: guide.id }), vae: vae?.id ?? null, loras }
    this.set({ ...valuesOf(record), ...found, seedLocked: true, count: 1 })
  }

  /** The LoRAs of a picture that its prompt does not name itself: those of the library, and names of those that are gone. */
  #lorasOf({ loras = [] }: PictureRecord) {
    const own = loras
      .filter(({ inPrompt }) => !inPrompt)
      .map(({ strength, ...recorded }) => ({ strength, name: recorded.name, id: this.#models.loraOf(recorded)?.id }))
    return {
      found: own.flatMap(({ id, strength }) => (id === undefined ? [] : [{ id, strength }])),
      missing: own.flatMap(({ id, name }) => (id === undefined ? [name] : [])),
    }
  }

  /** Every guide held against a base as it is painted with now. */
  guidesFor(base: ModelCard | undefined): readonly GuideCard[] | undefined {
    return base && this.#models.guidesFor(base.id, this.values.prediction)
  }

  /** The chosen guide where it fits a base, else the first that does. */
  guideFor(base: ModelCard | undefined): GuideCard | null | undefined {
    const fitting = this.guidesFor(base)?.filter(({ fits }) => fits)
    return fitting && (fitting.find(({ id }) => id === this.values.guide) ?? fitting[0] ?? null)
  }
}

/** The demo model is what the studio takes where no base is named. */
const requestOf = (base: ModelCard | undefined, vae: ModelCard | undefined) => ({
  ...(base && base.place !== 'shipped' && { base: base.path }),
  ...(vae && { vae: vae.id }),
})

const lorasRequest = (loras: CreateValues['loras']) =>
  loras.length === 0 ? {} : { loras: loras.map(({ id, strength }) => ({ lora: id, strength })) }
