import type { Engine } from '../../models/engine/engine.ts'
import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Job, JobProgress } from '../../preload/contract/queue.ts'
import type { PictureSettings } from '../gallery/settings.ts'
import type { ModelChoice } from '../library/choice.ts'
import { Meter } from './meter.ts'
import { recordedSettings } from './recorded.ts'
import { type Choices, engineRequest } from './request.ts'

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
  const chosen = await choices.resolveBase(job.request.base ?? 'demo')
  const guided = await choices.guidedBy(job.request, chosen)
  const target = await choices.target(job.request)
  // Read while the first picture is painted: a file of some gigabytes takes its time.
  const hashed = hashedName(chosen)
  const guideHashed = guided.guide && hashedName(guided.guide)
  const meter = new Meter(job)
  let { done } = job
  let failure: SavingFailed | undefined
  try {
    await engine.generate(engineRequest(job.request, done, { base: chosen.path, target, ...guided }), {
      signal,
      onProgress: progress => tell.onProgress(meter.measure(progress)),
      onPicture: async ({ pixels, width, height, settings, seed, passes, seconds }) => {
        const strength = job.request.init === undefined ? undefined : job.request.strength
        const recorded = recordedSettings(settings, { seed, base: await hashed, guide: await guideHashed, strength })
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

/** How a picture names a model: a hash that cannot be had is left out. */
async function hashedName({ name, hash }: ModelChoice): Promise<PictureSettings['base']> {
  const autoV2 = await hash().catch(() => undefined)
  return { name, ...(autoV2 !== undefined && { hash: autoV2 }) }
}
