import type { ModelCard } from '../../preload/contract/models.ts'
import {
  type GuideRequest,
  guideRequest,
  type promptLists,
  type TrainingEstimate,
} from '../../preload/contract/training.ts'
import { explain } from '../api/errors.ts'
import type { Studio } from './studio.svelte.ts'
import { newGuide } from './training.svelte.ts'

type PromptList = (typeof promptLists)[number]

/** What is known of how long training takes on a base. */
export type Measure =
  | { readonly state: 'none' }
  | { readonly state: 'measuring' }
  | { readonly state: 'known'; readonly estimate: TrainingEstimate }
  | { readonly state: 'failed'; readonly message: string; readonly hint: string }

/** What stands beside a field of the form that cannot be taken. */
export type DraftErrors = { readonly [Field in 'base' | 'name' | 'prompts' | 'all']?: string | undefined }

/** Bytes of a file of prompts that are read: four for every character that may be in it. */
const mostBytes = 8_000_000

/** The prompts of a text as the studio reads them: one a line, without empty lines, remarks (`#`) and repetitions. */
export const promptsOf = (text: string): string[] => [
  ...new Set(
    text
      .split('\n')
      .map(line => line.trim())
      .filter(line => line !== '' && !line.startsWith('#')),
  ),
]

/** The guide that is asked for next. It outlives the form. */
export class GuideDraft {
  /** The person's own prompts. */
  text = $state('')
  quality = $state<GuideRequest['quality']>('good')
  measure = $state.raw<Measure>({ state: 'none' })
  errors = $state.raw<DraftErrors>({})
  /** While the studio is asked to begin. */
  busy = $state(false)

  #base = $state<string | null>(null)
  #source = $state<PromptList | 'own' | null>(null)
  #name = $state<string | null>(null)
  readonly #estimates = new Map<string, TrainingEstimate>()
  #measuring = 0
  readonly #studio: Studio

  constructor(studio: Studio) {
    this.#studio = studio
  }

  /** The bases that one can be trained for. */
  readonly bases = $derived.by(() => this.#studio.models.bases.filter(({ usable }) => usable))

  /** The chosen one, else the one that Create paints with. */
  readonly base = $derived.by((): ModelCard | undefined => {
    const wanted = this.#base ?? this.#studio.create.base?.id
    return this.bases.find(({ id }) => id === wanted) ?? this.bases[0]
  })

  /** Where the prompts come from; as long as nobody chose, what suits the base. */
  get source(): PromptList | 'own' {
    return this.#source ?? (this.base?.place === 'shipped' ? 'emoji-scenes' : 'general')
  }

  set source(source) {
    this.#source = source
    this.#forgive('prompts')
  }

  readonly name = $derived.by((): string => this.#name ?? this.#suggestion())
  readonly prompts = $derived(promptsOf(this.text))

  /** Shows the form for a base, or for the one that was looked at last. */
  open(base?: string): void {
    if (base !== undefined) this.choose(base)
    this.#studio.training.open(newGuide)
  }

  choose(base: string): void {
    this.#base = base
    this.#forgive('base')
  }

  rename(name: string): void {
    this.#name = name
    this.#forgive('name')
  }

  write(text: string): void {
    this.text = text
    this.#source = 'own'
    this.#forgive('prompts')
  }

  /** Takes the prompts of a text file; says beside the field why it cannot. */
  async read(file: File): Promise<void> {
    this.source = 'own'
    const refuse = (why: string) => {
      this.errors = { ...this.errors, prompts: `${file.name} ${why}` }
    }
    if (file.size > mostBytes) return refuse('is too large for a list of prompts: 2,000,000 characters at most.')
    const bytes = await file.arrayBuffer().catch(() => undefined)
    if (bytes === undefined) return refuse('could not be read.')
    const text = decoded(bytes)
    if (text === undefined) return refuse('is no text file: save it as UTF-8, one prompt a line.')
    if (promptsOf(text).length === 0) return refuse('holds no prompts: write one a line.')
    this.write(text)
  }

  /** Measures a step on the base, unless that has been done. */
  async look(): Promise<void> {
    const { base } = this
    const turn = ++this.#measuring
    const known = base && this.#estimates.get(base.id)
    if (base === undefined) this.measure = { state: 'none' }
    else if (known) this.measure = { state: 'known', estimate: known }
    else {
      this.measure = { state: 'measuring' }
      const measure = await this.#studio.api.training.estimate({ base: base.id }).then(
        (estimate): Measure => {
          this.#estimates.set(base.id, estimate)
          return { state: 'known', estimate }
        },
        (error: unknown): Measure => ({ state: 'failed', ...explain(error) }),
      )
      if (turn === this.#measuring) this.measure = measure
    }
  }

  /** Gives up measuring. */
  leave(): void {
    this.#measuring++
    if (this.measure.state !== 'measuring') return
    this.measure = { state: 'none' }
    void this.#studio.toasts.attempt(this.#studio.api.training.cancelEstimate({}))
  }

  /** Has the guide trained; what cannot be taken is said beside its field. */
  async begin(): Promise<void> {
    const { base, source, quality } = this
    this.errors = this.#faults()
    if (base === undefined || this.busy || Object.keys(this.errors).length > 0) return
    this.busy = true
    this.leave()
    try {
      const prompts = source === 'own' ? { text: this.text } : { list: source }
      await this.#studio.training.begin({ name: this.name, base: base.id, prompts, quality })
      this.#name = null
    } catch (error) {
      const { message, hint } = explain(error)
      this.errors = { all: hint === '' ? message : `${message} ${hint}` }
    } finally {
      this.busy = false
    }
  }

  #faults(): DraftErrors {
    const { name, prompts } = guideRequest.shape
    const named = name.safeParse(this.name)
    const given = prompts.safeParse({ text: this.text })
    const own = this.source === 'own'
    return {
      ...(this.base === undefined && { base: 'Add a base first: a guide is trained for one.' }),
      ...(!named.success && { name: `The name ${named.error.issues[0]?.message}.` }),
      ...(own && !given.success && { prompts: 'The prompts must have at most 2,000,000 characters.' }),
      ...(own && this.prompts.length === 0 && { prompts: 'Write prompts, one a line, or open a text file.' }),
    }
  }

  #forgive(field: keyof DraftErrors): void {
    this.errors = { ...this.errors, [field]: undefined, all: undefined }
  }

  /** Named after its base; the second one has a number. */
  #suggestion(): string {
    const { base } = this
    if (base === undefined) return ''
    const name = `${(base.place === 'shipped' ? 'Demo model' : base.name).slice(0, 68)} guide`
    const taken = new Set(this.#studio.training.runs.map(run => run.name))
    let next = name
    for (let number = 2; taken.has(next); number++) next = `${name} ${number}`
    return next
  }
}

/** The text of a file; undefined where it is none. */
function decoded(bytes: ArrayBuffer): string | undefined {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return text.includes('\0') ? undefined : text
  } catch {
    return undefined
  }
}
