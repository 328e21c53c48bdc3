import type { Engine } from '../../models/engine/engine.ts'
import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Job, JobProgress } from '../../preload/contract/queue.ts'
import type { PictureSettings } from '../gallery/settings.ts'
import { Meter } from './meter.ts'
import { namedModels, recordedSettings } from './recorded.ts'
import { type Choices, chosenFor, engineRequest } from './request.ts'

/** A picture as the gallery takes it. */
export interface NewPicture {
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
  readonly settings: PictureSettings
  readonly passes: number
  readonly seconds: number
}

export interface Painting {
  readonly engine: Engine
  readonly choices: Choices
  readonly addPicture: (picture: NewPicture) => Promise<PictureItem>
  readonly signal: AbortSignal
  readonly onProgress: (progress: JobProgress) => void
  /** Told once what the person should know of the pictures; each is one sentence. */
  readonly onNotes: (notes: readonly string[]) => void
  /** Told how many pictures there are now; awaited. */
  readonly onDone: (done: number) => Promise<void>
}

/** A picture was painted and could not be kept: the next could not be either. */
export class SavingFailed extends Error {
  override readonly name = 'SavingFailed'
}

/**
 * Paints what is missing of a job; each picture is in the gallery before the next is begun. Rejects with `SavingFailed`
 * where one cannot be kept, and with what the engine rejects with.
 */
export async function paint(job: Job, { engine, choices, addPicture, signal, ...tell }: Painting): Promise<void> {
  const chosen = await chosenFor(job.request, choices)
  // Read while the first picture is painted: a file of some gigabytes takes its time.
  const named = namedModels(chosen)
  const meter = new Meter(job)
  let { done } = job
  let failure: SavingFailed | undefined
  try {
    await engine.generate(engineRequest(job.request, done, chosen), {
      signal,
      onProgress: progress => tell.onProgress(meter.measure(progress)),
      onPicture: async ({ pixels, width, height, settings, seed, passes, seconds, notes, index }) => {
        if (index === 0) tell.onNotes(notes)
        const recorded = recordedSettings(settings, { seed, begun: job.request, ...(await named) })
        // Without the loading of the model, which says nothing of the picture.
        const all = seconds.text + seconds.denoise + seconds.decode
        try {
          await addPicture({ pixels, width, height, settings: recorded, passes, seconds: all })
          await tell.onDone(++done)
        } catch (cause) {
          failure = new SavingFailed('The picture could not be kept.', { cause })
          throw failure
        }
      },
    })
  } catch (error) {
    throw failure ?? error
  }
}
