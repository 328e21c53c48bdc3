import { resolve } from 'node:path'
import type { Engine } from '../models/engine/engine.ts'
import type { Services } from '../preload/contract/index.ts'
import { type Database, type DatabaseOptions, openDatabase } from './database/database.ts'
import { databaseFile } from './database/hold.ts'
import { Events } from './events.ts'
import { type Gallery, openGallery } from './gallery/gallery.ts'
import { Inputs } from './gallery/inputs.ts'
import { type Library, openLibrary } from './library/library.ts'
import { Trials } from './library/trial.ts'
import { type Lock, lockData } from './lock.ts'
import { Queue } from './queue/queue.ts'
import { training } from './queue/train.ts'
import { openDevices } from './services/devices.ts'
import { systemService } from './services/system.ts'
import { Runs } from './training/runs.ts'
import { Training } from './training/training.ts'

/** The studio, without a host. */
export interface App {
  readonly services: Services
  readonly events: Events
  readonly gallery: Gallery
  readonly library: Library
  readonly inputs: Inputs
  readonly runs: Runs
  /** Says where the studio can be found, for a second one that is started on the same data. */
  runsAt(url: string): Promise<void>
  /** What is painted stops and stays in the queue. The engine stays open: it belongs to who made it. */
  close(): Promise<void>
}

export interface AppOptions {
  /** Data folder. */
  readonly data: string
  readonly engine: Engine
  /** The Node that devices are tried and guides trained under; this process's own where it is left out. */
  readonly node?: string | undefined
  /** Whether windows share this computer's disk. */
  readonly sameDisk?: boolean
}

/** What commands that come and go need of a data folder. */
export interface Models {
  readonly library: Library
  close(): Promise<void>
}

export interface Data extends Models {
  readonly gallery: Gallery
  readonly events: Events
}

/** Things to be closed, the last that was opened first. */
class Closing {
  readonly #open: (() => Promise<void> | void)[] = []
  #closed: Promise<void> | undefined

  add(close: () => Promise<void> | void): void {
    this.#open.unshift(close)
  }

  /** Closes everything even where one thing fails, and then throws that. */
  readonly all = (): Promise<void> => (this.#closed ??= this.#all())

  async #all(): Promise<void> {
    const failures: unknown[] = []
    for (const close of this.#open) {
      try {
        await close()
      } catch (error) {
        failures.push(error)
      }
    }
    if (failures.length > 0) throw failures[0]
  }

  /** Runs what opens things; where it fails, what was opened is closed. */
  async guard<T>(open: () => Promise<T>): Promise<T> {
    try {
      return await open()
    } catch (error) {
      await this.all().catch(() => undefined)
      throw error
    }
  }
}

async function openCommon(
  data: string,
  closing: Closing,
  options: DatabaseOptions,
): Promise<{ database: Database; events: Events }> {
  const database = await openDatabase(databaseFile(data), options)
  closing.add(() => database.close())
  return { database, events: new Events() }
}

/**
 * Opens the models of a data folder for a command that comes and goes, also beside a running studio: there is no engine,
 * nothing is watched, and what takes long is left to the studio.
 */
export async function openModels(data: string): Promise<Models> {
  const closing = new Closing()
  return closing.guard(async () => {
    const shared = await openCommon(resolve(data), closing, { shared: true })
    const library = await openLibrary({ data: resolve(data), ...shared, studio: false })
    closing.add(() => library.close())
    return { library, close: closing.all }
  })
}

/** The same with the gallery. */
export async function openData(data: string): Promise<Data> {
  const closing = new Closing()
  return closing.guard(async () => {
    const shared = await openCommon(resolve(data), closing, { shared: true })
    // A studio ends its removals and rows its pictures by itself.
    const gallery = await openGallery({ data: resolve(data), ...shared, tidy: false })
    closing.add(() => gallery.close())
    const library = await openLibrary({ data: resolve(data), ...shared, studio: false })
    closing.add(() => library.close())
    return { gallery, library, events: shared.events, close: closing.all }
  })
}

/**
 * Opens the studio: the one place where its parts are wired together. A data folder has one studio at a time. Throws
 * UserError where another one has it, or the folder cannot be used.
 */
export async function openApp({ data: given, engine, node, sameDisk = true }: AppOptions): Promise<App> {
  const data = resolve(given)
  const closing = new Closing()
  return closing.guard(async () => {
    const lock: Lock = await lockData(data)
    closing.add(() => lock.release())
    const { database, events } = await openCommon(data, closing, { shared: false })
    const gallery = await openGallery({ data, database, events })
    closing.add(() => gallery.close())
    const library = await openLibrary({ data, database, events, studio: true })
    closing.add(() => library.close())
    const devices = openDevices({ node })
    const runs = new Runs(data)
    await runs.tidy()
    const trainedUnder = node ?? process.execPath
    const queue: Queue = new Queue({
      ...{ database, engine, events },
      choices: {
        resolveBase: library.resolveBase,
        guidedBy: library.guidedBy,
        besides: library.besides,
        target: devices.target,
      },
      addPicture: picture => gallery.add(picture),
      galleryTidied: gallery.tidied,
      train: training({ runs, events, library, node: trainedUnder, onKept: () => guides.tell() }),
      onChanged: () => guides.tell(),
    })
    const guides = new Training({ runs, database, events, library, queue, node: trainedUnder })
    closing.add(() => queue.close())
    closing.add(() => guides.close())
    const trials = new Trials(library.catalog, engine, queue)
    library.onImported = row => trials.add(row)
    closing.add(() => trials.close())
    const system = systemService({ data, database, devices, engine, events, sameDisk })
    closing.add(system.close)
    await queue.open()
    await trials.open()
    /** What a command beside the studio has written. */
    const takeUp = async () => {
      await library.readAgain()
      await trials.open()
      events.emit('gallery.stale', {})
    }
    let last: Promise<void> = Promise.resolve()
    database.onForeignWrite(() => {
      last = last.then(takeUp).catch(() => undefined)
    })
    closing.add(() => last)
    const services = {
      gallery: gallery.service,
      models: library.service,
      queue: queue.service,
      system: system.service,
      training: guides.service,
    }
    const inputs = new Inputs(data)
    return { services, events, gallery, library, inputs, runs, runsAt: url => lock.tell(url), close: closing.all }
  })
}
