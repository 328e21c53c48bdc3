import type { Api } from '../../preload/contract/index.ts'
import type { GuideCard, ModelCard } from '../../preload/contract/models.ts'
import type { Events } from '../api/events.ts'
import type { Connection } from './connection.svelte.ts'
import type { CreateValues } from './create-values.ts'
import type { Toasts } from './toasts.ts'

/** The library's models, as they stand now. */
export class Models {
  all = $state.raw<readonly ModelCard[]>([])
  /** False until the library has been asked for the first time. */
  loaded = $state(false)
  /** What is being copied, hashed or looked through, by what it is; gone when it is done. */
  progress = $state.raw<ReadonlyMap<string, { done: number; total: number }>>(new Map())

  readonly bases = $derived(this.all.filter(model => model.kind === 'base'))
  readonly vaes = $derived(this.all.filter(model => model.kind === 'vae' && model.usable))

  readonly loras = $derived(this.all.filter(model => model.kind === 'lora'))

  /** Every guide held against a base, by `guideKey`; asked for when it is first looked at. */
  #guides = $state.raw<ReadonlyMap<string, readonly GuideCard[]>>(new Map())
  readonly #asked = new Set<string>()
  readonly #api: Api
  readonly #toasts: Toasts

  constructor(api: Api, events: Events, connection: Connection, toasts: Toasts) {
    this.#api = api
    this.#toasts = toasts
    events.on('models.changed', models => {
      this.all = models
      this.#askAgain()
    })
    events.on('models.progress', ({ what, done, total }) => {
      const progress = new Map(this.progress)
      if (done >= total) progress.delete(what)
      else progress.set(what, { done, total })
      this.progress = progress
    })
    connection.onOpen(async () => {
      this.#askAgain()
      this.all = (await toasts.attempt(api.models.list({}))) ?? this.all
      this.loaded = true
    })
  }

  named(id: string): ModelCard | undefined {
    return this.all.find(model => model.id === id)
  }

  /** The base of a request, which names it by id or path; the demo model where it names none. */
  baseAt(wanted = 'demo'): ModelCard | undefined {
    return this.bases.find(({ id, path }) => id === wanted || path === wanted)
  }

  /** The base that a picture was painted with. */
  baseOf(recorded: Recorded): ModelCard | undefined {
    return recordedOf(this.bases, recorded)
  }

  /** The guide that a picture was painted with. */
  guideOf(recorded: Recorded): ModelCard | undefined {
    return recordedOf(
      this.all.filter(({ kind }) => kind === 'guide'),
      recorded,
    )
  }

  /** The VAE that a picture was painted with, in place of its base's own. */
  vaeOf(recorded: Recorded): ModelCard | undefined {
    return recordedOf(this.vaes, recorded)
  }

  /** An embedding that a picture's prompts name. */
  embeddingOf(recorded: Recorded): ModelCard | undefined {
    return recordedOf(
      this.all.filter(({ kind }) => kind === 'embedding'),
      recorded,
    )
  }

  /** A LoRA that a picture was painted with. */
  loraOf(recorded: Recorded): ModelCard | undefined {
    return recordedOf(this.loras, recorded)
  }

  /** Every guide held against a base of which a request says what it predicts, those that fit first; undefined until that is known. */
  guidesFor(base: string, prediction: CreateValues['prediction']): readonly GuideCard[] | undefined {
    if (!this.named(base)?.usable) return []
    const key = guideKey(base, prediction)
    if (!this.#asked.has(key)) void this.#ask(base, prediction)
    return this.#guides.get(key)
  }

  async #ask(base: string, prediction: CreateValues['prediction']): Promise<void> {
    const key = guideKey(base, prediction)
    this.#asked.add(key)
    const said = prediction === 'auto' ? {} : { prediction }
    const guides = await this.#toasts.attempt(this.#api.models.guides({ base, ...said }))
    if (guides !== undefined) this.#guides = new Map(this.#guides).set(key, guides)
  }

  /** What is known stands until the new answer comes. */
  #askAgain(): void {
    this.#asked.clear()
    this.#guides = new Map(this.#guides)
  }
}

const guideKey = (base: string, prediction: CreateValues['prediction']): string => `${base} ${prediction}`

interface Recorded {
  readonly name: string
  readonly hash?: string | undefined
}

/** By hash where both are known, else by the name that it has here or that its file has. */
function recordedOf(models: readonly ModelCard[], { name, hash }: Recorded): ModelCard | undefined {
  const same = hash === undefined ? undefined : models.find(model => model.hash === hash)
  return same ?? models.find(model => model.name === name) ?? models.find(({ path }) => isFileName(path, name))
}

/** Whether a path's last part is `name`, with an ending or without. */
function isFileName(path: string, name: string): boolean {
  const file = path.split(/[\\/]/).at(-1) ?? ''
  return file === name || file.replace(/\.[^.]+$/, '') === name
}
