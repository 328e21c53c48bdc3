import { type GenerateRequest, generateRequest } from '../../preload/contract/generation.ts'
import type { PaintJob } from '../../preload/contract/queue.ts'
import { jobOf, picture, queueOf, type StudioEnd, settled } from './studio-end.ts'

/**
 * The studio's queue in memory. Like the real one it tells after it has answered, paints one job after another, and a
 * running job that is cancelled keeps its state until its pass ends.
 */
export class QueueEnd {
  /** Where it is, nothing that waits is begun. */
  paused = false
  readonly #end: () => StudioEnd
  #jobs: PaintJob[] = []
  #next = 100
  #aborted = false
  #answered: Promise<unknown> = Promise.resolve()

  constructor(end: () => StudioEnd) {
    this.#end = end
  }

  readonly answers = {
    'queue.enqueue': async (request: GenerateRequest): Promise<PaintJob> => {
      const job = { ...jobOf(this.#next++, 'queued'), request: generateRequest.parse(request) }
      this.#jobs.push(job)
      this.#goOn()
      this.tell()
      await this.#answered
      return job
    },
    'queue.cancel': ({ id }: { id: number }) => {
      if (this.running?.id === id) this.#aborted = true
      else this.#jobs = this.#jobs.filter(job => job.id !== id)
      this.tell()
      return {}
    },
    'queue.state': () => queueOf(...this.#jobs),
  }

  get running(): PaintJob | undefined {
    return this.#jobs.find(({ state }) => state === 'running')
  }

  /** What will be in the gallery when nothing more is asked for: `guidance` of every job that is not cancelled. */
  get wanted(): (number | undefined)[] {
    return this.#jobs.filter(job => !(this.#aborted && job.state === 'running')).map(({ request }) => request.guidance)
  }

  /** Answers to `enqueue` wait until `answer` is called. */
  hold(): { answer: () => Promise<void> } {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#answered = promise
    return {
      answer: () => {
        resolve()
        return settled()
      },
    }
  }

  /** Ends the pass of the running job, and the job where it was cancelled. */
  async passEnds(): Promise<void> {
    if (this.#aborted) this.#leave()
    await settled()
  }

  /** The running job's picture is there: in the gallery first, then the job is done. */
  async done(id: number): Promise<void> {
    const { seed } = this.running?.request ?? {}
    this.#end().tell('gallery.changed', { added: [picture(id, seed)], updated: [], removed: [] })
    await settled()
    this.#leave()
    await settled()
  }

  /** The running job fails. */
  async fails(): Promise<void> {
    const failed = this.running
    this.#leave()
    if (failed) this.#jobs.push({ ...failed, state: 'failed', error: { message: 'It failed.', hint: '' } })
    await settled()
  }

  tell(): void {
    void Promise.resolve()
      .then(settled)
      .then(() => this.#end().tell('queue.changed', queueOf(...this.#jobs)))
  }

  #leave(): void {
    this.#jobs = this.#jobs.filter(job => job !== this.running)
    this.#aborted = false
    this.#goOn()
    this.tell()
  }

  #goOn(): void {
    if (this.paused || this.running !== undefined) return
    const next = this.#jobs.find(({ state }) => state === 'queued')
    if (next) this.#jobs = this.#jobs.map(job => (job === next ? { ...job, state: 'running' } : job))
  }
}
