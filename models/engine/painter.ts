import { UserError } from '../errors.ts'
import { plugged } from '../pipelines/assemble.ts'
import { type CancelSignal, pause } from '../pipelines/cancel.ts'
import { generate, type Latent, type Progress } from '../pipelines/generate.ts'
import { unusedNotes } from '../pipelines/lora/unused.ts'
import { resolveSettings } from '../pipelines/resolve.ts'
import type { EnginePicture, EngineRequest } from './engine.ts'
import { PipelineCache } from './pipeline-cache.ts'
import { previewSize, type Sketch } from './previews.ts'

export interface PaintHooks {
  readonly onProgress: (progress: Progress, sketch?: Sketch) => void
  /** Awaited before the next picture is begun. */
  readonly onPicture: (picture: EnginePicture) => void | Promise<void>
  readonly signal?: CancelSignal | undefined
}

/** Paints requests with the bases that they name. Blocks the thread during each network pass. */
export class Painter {
  readonly #pipelines: PipelineCache

  constructor(memoryBudgetMiB: number) {
    this.#pipelines = new PipelineCache(memoryBudgetMiB * 2 ** 20)
  }

  /** Where memory is short, tries once more with no more than one network in memory. */
  async paint(request: EngineRequest, hooks: PaintHooks): Promise<void> {
    const done = { pictures: 0 }
    try {
      await this.#paintRest(request, hooks, done)
    } catch (error) {
      if (!isOutOfMemory(error)) throw error
      await this.#pipelines.beFrugal(true)
      try {
        await this.#paintRest(request, hooks, done)
      } catch (again) {
        throw isOutOfMemory(again) ? noMemory(request, again) : again
      } finally {
        await this.#pipelines.beFrugal(false)
      }
    }
  }

  async release(): Promise<void> {
    await this.#pipelines.release()
  }

  /** Paints the pictures that are not done yet, and counts those that it does. */
  async #paintRest(
    { base, overrides, vae, guide: guidePath, loras = [], merges, target, ...asked }: EngineRequest,
    { onProgress, onPicture, signal }: PaintHooks,
    done: { pictures: number },
  ): Promise<void> {
    const begin = performance.now()
    onProgress({ phase: 'load', picture: done.pictures, step: 0, steps: asked.steps })
    await pause(signal)
    const cached = await this.#pipelines.open(base, { merges, target, overrides, vae })
    const guide = guidePath === undefined ? undefined : await cached.guide(guidePath, asked.prediction)
    const strong = await Promise.all(loras.map(async ({ path, ...own }) => ({ lora: await cached.lora(path), ...own })))
    const pipeline = plugged(cached.pipeline, strong)
    const notes = unusedNotes(pipeline.loras)
    const { init, embeddings, ...settings } = await resolveSettings(pipeline, asked)
    await pause(signal)
    const colours = await cached.colours()
    let preparing = (performance.now() - begin) / 1000

    let latest: Latent | undefined
    const first = done.pictures
    const rest = { ...settings, init, embeddings, seed: settings.seed + first, count: settings.count - first }
    const shown = previewSize(settings.width, settings.height)
    const pictures = generate(pipeline, rest, {
      guide,
      signal,
      traced: false,
      onProgress(progress, estimate) {
        latest = estimate ?? latest
        const sketch = estimate && { ...colours.of(estimate), shown }
        onProgress({ ...progress, picture: first + progress.picture }, sketch)
      },
    })
    for await (const { seed, width, height, pixels, passes, seconds, trace } of pictures) {
      if (latest) colours.learn(latest, trace.image)
      const spent = { ...seconds, load: seconds.load + preparing }
      preparing = 0
      await onPicture({ index: done.pictures, settings, seed, width, height, pixels, passes, seconds: spent, notes })
      done.pictures++
    }
  }
}

/** What onnxruntime and V8 say where the system gives them no memory. */
const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error &&
  /bad_alloc|failed to allocate|cannot allocate memory|array buffer allocation failed|out of memory/i.test(
    error.message,
  )

const noMemory = ({ width, height }: EngineRequest, cause: unknown): UserError =>
  new UserError(
    width === undefined || height === undefined
      ? 'There is not enough memory for this picture.'
      : `There is not enough memory for a picture of ${width} x ${height}.`,
    'Choose a smaller size or close other programs.',
    { cause },
  )
