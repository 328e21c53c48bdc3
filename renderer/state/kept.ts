import type { z } from 'zod'
import type { Api } from '../../preload/contract/index.ts'
import type { Connection } from './connection.svelte.ts'
import type { Toasts } from './toasts.ts'

const pause = 300

/**
 * A value that the studio keeps for the window under a key. It is read once; `found` is not called where nothing
 * was kept, or what was kept no longer fits its schema. What changes quickly is written when it rests.
 */
export class Kept<T> {
  readonly #api: Api
  readonly #toasts: Toasts
  readonly #key: string
  #timer: ReturnType<typeof setTimeout> | undefined
  #unwritten: { value: T } | undefined
  #read = false

  constructor(
    api: Api,
    connection: Connection,
    toasts: Toasts,
    key: string,
    schema: z.ZodType<T>,
    found: (value: T) => void,
  ) {
    this.#api = api
    this.#toasts = toasts
    this.#key = key
    connection.onOpen(() => void toasts.attempt(this.#recall(schema, found)))
    if (typeof addEventListener === 'function') addEventListener('pagehide', () => this.#write())
  }

  keep(value: T): void {
    this.#unwritten = { value }
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#write(), pause)
  }

  async #recall(schema: z.ZodType<T>, found: (value: T) => void): Promise<void> {
    if (this.#read) return
    const value = schema.safeParse(await this.#api.system.recall({ key: this.#key }))
    this.#read = true
    // What the person changed before the answer came is newer.
    if (value.success && this.#unwritten === undefined) found(value.data)
  }

  #write(): void {
    clearTimeout(this.#timer)
    if (this.#unwritten === undefined) return
    const { value } = this.#unwritten
    this.#unwritten = undefined
    this.#read = true
    void this.#toasts.attempt(this.#api.system.keep({ key: this.#key, value }))
  }
}
