import type { EngineHandlers, EnginePicture, EngineProgress, EngineRequest } from './engine.ts'

/** One call of `generate`, from the moment that it was made until its promise is settled. */
export class Job {
  readonly id: number
  readonly request: EngineRequest
  readonly promise: Promise<void>
  readonly #handlers: EngineHandlers
  readonly #settle: { resolve: () => void; reject: (reason: unknown) => void }
  readonly #onStop: () => void
  #stopped: { readonly reason: unknown } | undefined
  #taking: Promise<void> | undefined

  /** @param onStop told once, when the signal is aborted or a handler throws: the work is not wanted any more */
  constructor(id: number, request: EngineRequest, handlers: EngineHandlers, onStop: (job: Job) => void) {
    this.id = id
    this.request = request
    this.#handlers = handlers
    const { promise, ...settle } = Promise.withResolvers<void>()
    this.promise = promise
    this.#settle = settle
    this.#onStop = () => onStop(this)
    handlers.signal?.addEventListener('abort', this.#abort, { once: true })
  }

  get stopped(): boolean {
    return this.#stopped !== undefined
  }

  /** Whether a picture is with its handler. */
  get taking(): boolean {
    return this.#taking !== undefined
  }

  progress(progress: EngineProgress): void {
    if (this.#stopped) return
    try {
      this.#handlers.onProgress?.(progress)
    } catch (error) {
      this.#stop(error)
    }
  }

  /** Hands a picture over and waits until it is dealt with. */
  async take(picture: EnginePicture): Promise<void> {
    if (this.#stopped) return
    this.#taking = (async () => this.#handlers.onPicture(picture))().catch(error => this.#stop(error))
    await this.#taking
    this.#taking = undefined
  }

  /** Settles the promise, after the handler of a picture is through; why it was stopped is told before an error. */
  async end(error?: unknown): Promise<void> {
    await this.#taking
    this.#handlers.signal?.removeEventListener('abort', this.#abort)
    if (this.#stopped) this.#settle.reject(this.#stopped.reason)
    else if (error === undefined) this.#settle.resolve()
    else this.#settle.reject(error)
  }

  readonly #abort = (): void => this.#stop(this.#handlers.signal?.reason)

  #stop(reason: unknown): void {
    if (this.#stopped) return
    this.#stopped = { reason }
    this.#onStop()
  }
}
