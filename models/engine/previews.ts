import sharp from 'sharp'
import type { Colours } from '../pipelines/colours.ts'
import type { Progress } from '../pipelines/generate.ts'
import type { EngineProgress } from './engine.ts'

/** What a picture looks like so far, with few pixels. */
export interface Sketch extends Colours {
  /** Size in pixels that it is shown in. */
  readonly shown: readonly [width: number, height: number]
}

/** Longest side of a preview in pixels; pictures that are smaller give previews of their own size. */
const longest = 256

/** Time that goes by between two previews, in times of what one costs: so they take less than a twentieth. */
const rest = 20

// Each preview is small and the processor is busy with the picture itself.
sharp.concurrency(1)
sharp.cache(false)

/** The size in which a picture of that size is previewed. */
export function previewSize(width: number, height: number): readonly [width: number, height: number] {
  const scale = Math.min(1, longest / Math.max(width, height))
  return [Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale))]
}

/**
 * Passes progress on in its order, with sketches as JPEG files. Where those would cost too much of the painting's
 * time, some steps go without.
 */
export class Previews {
  readonly #emit: (progress: EngineProgress) => void
  #queue: Promise<void> = Promise.resolve()
  #encoding = false
  /** Milliseconds that one takes, and when the last was done. */
  #cost = 0
  #last = 0

  constructor(emit: (progress: EngineProgress) => void) {
    this.#emit = emit
  }

  push(progress: Progress, sketch: Sketch | undefined): void {
    const preview = sketch && this.#due() ? this.#encode(sketch) : undefined
    this.#queue = this.#queue.then(async () => this.#emit({ ...progress, preview: await preview }))
    this.#queue.catch(() => undefined)
  }

  /** Waits until everything was passed on; throws what the receiver threw. */
  async settled(): Promise<void> {
    const queue = this.#queue
    this.#queue = Promise.resolve()
    await queue
  }

  #due(): boolean {
    return !this.#encoding && performance.now() - this.#last >= rest * this.#cost
  }

  /** Nothing where it fails: a picture is worth more than its preview. */
  async #encode(sketch: Sketch): Promise<Uint8Array | undefined> {
    this.#encoding = true
    const begin = performance.now()
    try {
      return await encode(sketch)
    } catch {
      return undefined
    } finally {
      this.#last = performance.now()
      // It rises slowly: one that had to wait for a processor says little.
      this.#cost = Math.min(this.#last - begin, this.#cost === 0 ? Number.POSITIVE_INFINITY : 1.5 * this.#cost)
      this.#encoding = false
    }
  }
}

/** Encodes once, so that the first real preview does not pay for loading the encoder. */
export async function warmUp(): Promise<void> {
  await encode({ width: 1, height: 1, pixels: new Uint8Array(3), shown: [8, 8] })
}

async function encode({ width, height, pixels, shown }: Sketch): Promise<Uint8Array> {
  const file = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .resize(...shown, { kernel: 'cubic', fit: 'fill' })
    .jpeg({ quality: 75 })
    .toBuffer()
  // A Buffer may be a part of a larger piece of memory, all of which would be sent along.
  return Uint8Array.from(file)
}
