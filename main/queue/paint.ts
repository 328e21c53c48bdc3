import { type Engine, EngineDied } from '../../models/engine/engine.ts'
import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Database } from '../database/database.ts'
import type { Events } from '../events.ts'
import type { PictureSettings } from '../gallery/settings.ts'
import { type JobKind, type RowOf, SavingFailed } from './kind.ts'
import { Meter } from './meter.ts'
import { namedModels, recordedSettings } from './recorded.ts'
import { type Choices, chosenFor, engineRequest, seedOf } from './request.ts'

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
  readonly database: Pick<Database, 'jobs'>
  readonly engine: Engine
  readonly events: Events
  readonly choices: Choices
  readonly addPicture: (picture: NewPicture) => Promise<PictureItem>
  /** Settled when every picture on disk has its row, also one whose row was cut off. */
  readonly galleryTidied: Promise<void>
}

/** Pictures: each is in the gallery before the next is begun. */
export function painting(options: Painting): JobKind<RowOf<'paint'>> {
  return {
    yields: false,
    run: async (job, doing) => {
      if (job.done < job.request.count) await paint(job, { ...options, ...doing })
    },
    /** One may have reached the gallery and not been counted. */
    async counted({ request, done, started }) {
      await options.galleryTidied
      if (done >= request.count || started === null) return done
      const mark = { seed: seedOf(request, done), prompt: request.prompt, since: started }
      return (await options.database.jobs.hasPicture(mark)) ? done + 1 : done
    },
    deaths: {
      is: error => error instanceof EngineDied,
      most: 2,
      again: 'The engine stopped while it painted and was started again; the picture is painted anew.',
      failed: {
        message: 'The engine stopped twice while it painted this.',
        hint: 'Choose a smaller size or close programs that need much memory, then try again.',
      },
      waiting: 'The engine stopped twice on one request. Resume to go on with the others.',
    },
  }
}

type Doing = Parameters<JobKind<RowOf<'paint'>>['run']>[1]

async function paint(
  job: RowOf<'paint'>,
  { engine, choices, addPicture, events, signal, onDone }: Painting & Doing,
): Promise<void> {
  const { request } = job
  const chosen = await chosenFor(request, choices)
  // Read while the first picture is painted: a file of some gigabytes takes its time.
  const named = namedModels(chosen)
  const meter = new Meter(job)
  let { done } = job
  let failure: SavingFailed | undefined
  try {
    await engine.generate(engineRequest(request, done, chosen), {
      signal,
      onProgress: progress => events.emit('queue.progress', meter.measure(progress)),
      onPicture: async ({ pixels, width, height, settings, seed, passes, seconds, notes, index }) => {
        if (index === 0) for (const message of notes) events.emit('system.notice', { level: 'info', message, hint: '' })
        const recorded = recordedSettings(settings, { seed, begun: request, ...(await named) })
        // Without the loading of the model, which says nothing of the picture.
        const all = seconds.text + seconds.denoise + seconds.decode
        try {
          await addPicture({ pixels, width, height, settings: recorded, passes, seconds: all })
          await onDone(++done, request.count - done)
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
