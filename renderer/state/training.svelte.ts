import type { Api } from '../../preload/contract/index.ts'
import type { GuideRequest, TrainingProgress, TrainingRun } from '../../preload/contract/training.ts'
import type { Events } from '../api/events.ts'
import type { Connection } from './connection.svelte.ts'
import type { Navigation } from './navigation.svelte.ts'
import type { Toasts } from './toasts.ts'

/** The guides that are, were or shall be trained. */
export class Training {
  /** Newest first. */
  runs = $state.raw<readonly TrainingRun[]>([])
  /** False until they have been asked for the first time. */
  loaded = $state(false)
  /** Where the running one stands. */
  progress = $state.raw<TrainingProgress | null>(null)
  /** What the view shows: a run by its id, the form of a new one, or the list alone. */
  shown = $state<string | null>(null)

  /** The run that is trained, else the first that waits. */
  readonly active = $derived(
    this.runs.find(({ state }) => state === 'running') ?? this.runs.findLast(({ state }) => state === 'queued'),
  )

  readonly #api: Api
  readonly #toasts: Toasts
  readonly #navigation: Navigation

  constructor(api: Api, events: Events, connection: Connection, toasts: Toasts, navigation: Navigation) {
    this.#api = api
    this.#toasts = toasts
    this.#navigation = navigation
    events.on('training.changed', runs => this.#take(runs))
    events.on('training.progress', progress => {
      this.progress = progress
    })
    connection.onOpen(async () => {
      const runs = await toasts.attempt(api.training.runs({}))
      if (runs !== undefined) this.#take(runs)
      this.loaded = true
    })
  }

  named(id: string | null): TrainingRun | undefined {
    return this.runs.find(run => run.id === id)
  }

  /** The run that is to give a base its guide. */
  runFor(base: string | undefined): TrainingRun | undefined {
    return this.runs.find(run => run.base === base && (run.state === 'running' || run.state === 'queued'))
  }

  /** Where a run stands, as long as it is the one that is told of. */
  progressOf({ id, state }: TrainingRun): TrainingProgress | null {
    return state === 'running' && this.progress?.run === id ? this.progress : null
  }

  /** Goes to the view and shows a run there, or the form of a new one. */
  open(shown: string): void {
    this.shown = shown
    this.#navigation.go('training')
  }

  /** Puts the training of a guide into the queue and shows it. Throws `ApiError` where it is refused. */
  async begin(request: GuideRequest): Promise<TrainingRun> {
    const run = await this.#api.training.begin(request)
    this.#put(run)
    this.shown = run.id
    return run
  }

  async stop({ id }: TrainingRun): Promise<void> {
    await this.#toasts.attempt(this.#api.training.stop({ run: id }))
  }

  async goOn({ id }: TrainingRun): Promise<void> {
    const run = await this.#toasts.attempt(this.#api.training.goOn({ run: id }))
    if (run !== undefined) this.#put(run)
  }

  async remove({ id, name }: TrainingRun): Promise<void> {
    const removed = await this.#toasts.attempt(this.#api.training.remove({ run: id }))
    if (removed === undefined) return
    this.#take(this.runs.filter(run => run.id !== id))
    this.#toasts.info(`The training of ${name} was deleted.`)
  }

  #put(run: TrainingRun): void {
    const isKnown = this.runs.some(({ id }) => id === run.id)
    this.#take(isKnown ? this.runs.map(each => (each.id === run.id ? run : each)) : [run, ...this.runs])
  }

  #take(runs: readonly TrainingRun[]): void {
    this.runs = runs
    if (this.shown !== newGuide && this.named(this.shown) === undefined) this.shown = null
    if (this.named(this.progress?.run ?? null)?.state !== 'running') this.progress = null
  }
}

/** What is shown where a new guide is asked for; no run is called so. */
export const newGuide = '+'
