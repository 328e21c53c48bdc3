import sharp from 'sharp'
import type { Engine } from '../../models/engine/engine.ts'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import type { Draft } from '../../preload/contract/queue.ts'
import { type Choices, chosenFor, engineRequest, settled } from './request.ts'

/** Pictures that are looked at while a slider is dragged: one at a time, the newest wish, and kept nowhere. */
export class Drafts {
  readonly #engine: Engine
  readonly #choices: Choices
  #current: AbortController | undefined

  constructor(engine: Engine, choices: Choices) {
    this.#engine = engine
    this.#choices = choices
  }

  /**
   * Paints one picture as soon as the way is `free`. Null where it was given up for another. Rejects with what the engine
   * rejects with.
   */
  async paint(asked: GenerateRequest, free: Promise<void>): Promise<Draft | null> {
    this.cancel()
    const controller = new AbortController()
    this.#current = controller
    const { signal } = controller
    try {
      const request = await settled({ ...asked, count: 1 }, this.#choices)
      const chosen = await chosenFor(request, this.#choices)
      await free
      signal.throwIfAborted()
      let draft: Draft | null = null
      await this.#engine.generate(engineRequest(request, 0, chosen), {
        signal,
        async onPicture({ pixels, width, height, passes, seconds: { text, denoise, decode } }) {
          const webp = await sharp(pixels, { raw: { width, height, channels: 3 } })
            .webp({ quality: 92 })
            .toBuffer()
          const picture = `data:image/webp;base64,${webp.toString('base64')}`
          draft = { picture, width, height, passes, seconds: text + denoise + decode }
        },
      })
      return draft
    } catch (error) {
      if (signal.aborted) return null
      throw error
    } finally {
      if (this.#current === controller) this.#current = undefined
    }
  }

  /** Gives up what is being painted. */
  cancel(): void {
    this.#current?.abort()
  }
}
