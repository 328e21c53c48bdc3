import type { EngineProgress } from '../../models/engine/engine.ts'
import type { JobProgress, PaintJob } from '../../preload/contract/queue.ts'

/** Over how many steps the speed is measured: enough to be steady, few enough to follow a change. */
const measured = 8
/** Milliseconds between two previews. */
const previewEvery = 125

/** Turns what the engine tells of a job into where it stands: how fast, and how long it will take. */
export class Meter {
  readonly #id: number
  /** Pictures in all, and those that were there before. */
  readonly #count: number
  readonly #before: number
  readonly #now: () => number
  /** When each of the last steps of this picture ended. */
  #steps: number[] = []
  #rate: number | null = null
  /** Milliseconds from a picture's last step to the first of the next: decoding and saving. */
  #between: number[] = []
  #lastPreview = Number.NEGATIVE_INFINITY

  constructor(
    { id, request, done }: Pick<PaintJob, 'id' | 'request' | 'done'>,
    now: () => number = () => performance.now(),
  ) {
    this.#id = id
    this.#count = request.count
    this.#before = done
    this.#now = now
  }

  measure({ phase, picture, step, steps, preview }: EngineProgress): JobProgress {
    if (phase === 'denoise') this.#step(step)
    const index = this.#before + picture
    return {
      id: this.#id,
      phase,
      picture: index,
      step: phase === 'decode' ? steps : step,
      steps,
      stepsPerSecond: this.#rate,
      secondsLeft: this.#left(phase === 'decode' ? 0 : steps - step, this.#count - index - 1, steps),
      preview: preview === undefined ? null : this.#preview(preview),
    }
  }

  #step(step: number): void {
    const now = this.#now()
    if (step === 0) {
      const last = this.#steps.at(-1)
      if (last !== undefined) this.#between.push(now - last)
      this.#steps = []
      return
    }
    this.#steps = [...this.#steps, now].slice(-measured - 1)
    const [first = now] = this.#steps
    if (now > first) this.#rate = (1000 * (this.#steps.length - 1)) / (now - first)
  }

  #left(steps: number, pictures: number, stepsEach: number): number | null {
    if (this.#rate === null) return null
    const between = this.#between.reduce((sum, ms) => sum + ms, 0) / Math.max(1, this.#between.length) / 1000
    return (steps + pictures * stepsEach) / this.#rate + (pictures + 1) * between
  }

  #preview(bytes: Uint8Array): string | null {
    const now = this.#now()
    if (now - this.#lastPreview < previewEvery) return null
    this.#lastPreview = now
    const kind = bytes[0] === 0xff ? 'jpeg' : bytes[0] === 0x89 ? 'png' : 'webp'
    return `data:image/${kind};base64,${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')}`
  }
}
