import { stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { UserError } from '../../models/errors.ts'
import { pathError } from '../../models/tensor/safetensors/open.ts'
import type { ModelFolder } from '../../preload/contract/models.ts'
import type { Catalog } from './catalog.ts'
import { isBelow } from './places.ts'
import { scan } from './scan.ts'
import { isBare } from './walk.ts'
import { Watching } from './watching.ts'

/** What happens in a folder in this time is looked at together. */
const gatherMs = 400
/** How often is seen whether a folder is there, and what is in it where it cannot be watched or parts of it are away. */
const tickMs = 5000
const blindTicks = 12
/** How long adding a folder waits for the first look through it; it goes on afterwards. */
const patienceMs = 3000

interface Watched {
  watching: Watching | undefined
  /** Whether not all of it can be watched: it is looked through now and then instead. */
  blind: boolean
  missing: boolean
  /** The look that is under way, and whether another is to follow. */
  scanning: Promise<void> | undefined
  again: boolean
  soon: NodeJS.Timeout | undefined
}

/** Models folders of other programs: used in place, watched, never written to. */
export class Folders {
  readonly #catalog: Catalog
  readonly #watched = new Map<string, Watched>()
  readonly #closing = new AbortController()
  #tick: NodeJS.Timeout | undefined
  #ticks = 0

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  /** Begins to watch all folders; looking through them goes on in the background. */
  async open(): Promise<void> {
    for (const path of await this.#catalog.database.models.folders()) await this.#begin(path)
    this.#tick = setInterval(() => this.#look().catch(() => undefined), tickMs).unref()
  }

  async list(): Promise<ModelFolder[]> {
    const { models } = this.#catalog.database
    return Promise.all(
      (await models.folders()).map(async path => ({
        path,
        models: (await models.inFolder(path)).length,
        missing: (await this.#isMissing(path)) || this.#catalog.away(path).includes(path),
      })),
    )
  }

  /** Throws UserError where it is no folder, or one that is used already. */
  async add(given: string): Promise<ModelFolder> {
    const path = resolve(given)
    const info = await stat(path).catch((error: unknown) => {
      throw pathError(path, error)
    })
    if (!info.isDirectory()) throw new UserError(`${path} is not a folder.`, 'Import it as a model instead.')
    await this.#refuse(path)
    await this.#catalog.database.models.addFolder(path)
    await this.#begin(path)
    await Promise.race([this.#watched.get(path)?.scanning, wait(patienceMs, undefined, { ref: false })])
    const models = (await this.#catalog.database.models.inFolder(path)).length
    return { path, models, missing: false }
  }

  /** The folder and its models leave the library; nothing in it changes. */
  async remove(given: string): Promise<void> {
    const path = resolve(given)
    const watched = this.#watched.get(path)
    this.#watched.delete(path)
    if (watched) await end(watched)
    await this.#catalog.database.models.removeFolder(path)
    await this.#catalog.forgetHidden(hidden => isBelow(path, hidden))
    this.#catalog.tellChanged()
    // What lies in a folder around it belongs to that one now.
    for (const other of this.#watched.keys()) if (isBelow(other, path)) this.#scan(other)
  }

  async close(): Promise<void> {
    clearInterval(this.#tick)
    this.#closing.abort()
    await Promise.all([...this.#watched.values()].map(end))
  }

  /** Whether a folder's models are not there: a mount point without its drive is an empty folder. */
  async #isMissing(path: string): Promise<boolean> {
    if (!(await isFolder(path))) return true
    return (await isBare(path)) && (await this.#catalog.database.models.inFolder(path)).length > 0
  }

  async #refuse(path: string): Promise<void> {
    const { data } = this.#catalog.places
    if (dirname(path) === path)
      throw new UserError('A whole disk is too much to look through.', 'Add the folder that holds the models.')
    if (path === data || isBelow(data, path))
      throw new UserError(`${path} is the studio's own folder.`, 'Import models into it instead.')
    for (const known of await this.#catalog.database.models.folders()) {
      if (path === known) throw new UserError(`${path} is used already.`)
      if (isBelow(known, path)) throw new UserError(`${path} lies in ${known}, which is used already.`)
    }
  }

  async #begin(path: string): Promise<void> {
    const missing = await this.#isMissing(path)
    const watched = { watching: undefined, blind: false, missing, scanning: undefined, again: false, soon: undefined }
    this.#watched.set(path, watched)
    if (!missing) this.#enter(path, watched)
  }

  /** Watches a folder that is there and looks through it. */
  #enter(path: string, watched: Watched): void {
    watched.watching = new Watching(path, {
      onChange: () => this.#scanSoon(path, gatherMs),
      onBlind: () => {
        watched.blind = true
      },
    })
    this.#scan(path)
  }

  #scanSoon(path: string, ms: number): void {
    const watched = this.#watched.get(path)
    if (!watched) return
    clearTimeout(watched.soon)
    watched.soon = setTimeout(() => this.#scan(path), ms).unref()
  }

  #scan(path: string): void {
    const watched = this.#watched.get(path)
    if (!watched || watched.missing || this.#closing.signal.aborted) return
    if (watched.scanning) {
      watched.again = true
      return
    }
    watched.scanning = this.#scanNow(path, watched).finally(() => {
      watched.scanning = undefined
      if (watched.again) this.#scan(path)
    })
  }

  async #scanNow(path: string, watched: Watched): Promise<void> {
    watched.again = false
    try {
      const { unsettled, linked } = await scan(path, this.#catalog, this.#closing.signal)
      await watched.watching?.follow(linked)
      if (unsettled) this.#scanSoon(path, tickMs / 4)
    } catch (error) {
      const isOver = this.#closing.signal.aborted || this.#watched.get(path) !== watched
      if (!isOver) this.#catalog.notice(`${path} could not be looked through.`, String(error))
    }
  }

  /** Sees which folders have gone or come back. */
  async #look(): Promise<void> {
    this.#ticks++
    for (const [path, watched] of this.#watched) {
      const missing = await this.#isMissing(path)
      if (missing !== watched.missing) {
        watched.missing = missing
        await watched.watching?.close()
        if (!missing && this.#watched.has(path)) this.#enter(path, watched)
      } else if (this.#ticks % blindTicks === 0 && (watched.blind || this.#catalog.away(path).length > 0))
        this.#scan(path)
    }
    await this.#catalog.refresh()
  }
}

async function end({ watching, scanning, soon }: Watched): Promise<void> {
  clearTimeout(soon)
  await watching?.close()
  await scanning?.catch(() => undefined)
}

const isFolder = (path: string): Promise<boolean> =>
  stat(path).then(
    info => info.isDirectory(),
    () => false,
  )
