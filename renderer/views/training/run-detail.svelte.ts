import type { TrainingDetail, TrainingRun } from '../../../preload/contract/training.ts'
import type { Studio } from '../../state/studio.svelte.ts'
import { grown } from './curve.ts'

/** The curves and pictures of the run that is looked at. */
export class RunDetail {
  #loaded = $state.raw<{ readonly run: string; readonly detail: TrainingDetail } | null>(null)
  /** Of the steps since it was loaded. */
  #live = $state.raw<TrainingDetail['curve']>([])
  #run: string | null = null
  readonly #studio: Studio

  constructor(studio: Studio) {
    this.#studio = studio
    studio.events.on('training.progress', ({ run, doing, done, loss }) => {
      if (run !== this.#run || doing !== null || loss === null) return
      const last = this.#live.at(-1)?.step ?? -1
      if (done > last) this.#live = [...this.#live, { step: done, loss }]
    })
  }

  /** What is known of a run; undefined until it is. */
  of({ id }: TrainingRun): TrainingDetail | undefined {
    if (this.#loaded?.run !== id) return undefined
    const { detail } = this.#loaded
    return { ...detail, curve: grown(detail.curve, this.#live) }
  }

  /** Asks for a run's curves and pictures: when it is looked at, and whenever it has changed. */
  async load({ id }: TrainingRun): Promise<void> {
    if (this.#run !== id) this.#live = []
    this.#run = id
    const { api, toasts } = this.#studio
    const detail = await toasts.attempt(api.training.detail({ run: id }))
    if (detail === undefined || this.#run !== id) return
    this.#loaded = { run: id, detail }
    const last = detail.curve.at(-1)?.step ?? 0
    this.#live = this.#live.filter(({ step }) => step > last)
  }
}
