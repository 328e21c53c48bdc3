import { stat } from 'node:fs/promises'
import type { Overrides } from '../../models/checkpoint/checkpoint.ts'
import { UserError } from '../../models/errors.ts'
import type { ModelCard } from '../../preload/contract/models.ts'
import type { Database } from '../database/database.ts'
import type { ModelRow } from '../database/queries/models.ts'
import type { Events } from '../events.ts'
import { shipped } from '../paths.ts'
import { cardOf, columnsOf, demoCard, demoGuideCard, idFrom } from './card.ts'
import { type ModelFacts, type Stamp, stampOf } from './facts.ts'
import { overridesOf } from './overrides.ts'
import { isWithin, type Places } from './places.ts'
import { shippedIds } from './shipped-ids.ts'
import { isBare } from './walk.ts'
import { LibraryWorker } from './worker/worker.ts'

export interface CatalogOptions {
  readonly places: Places
  readonly database: Pick<Database, 'models' | 'settings'>
  readonly events: Events
}

const hiddenKey = 'library.hidden'
/** Changes that come one after another are told together. */
const gatherMs = 250

/** What the library knows: rows, which of them are not there, and which the person took out of sight. */
export class Catalog {
  readonly places: Places
  readonly database: CatalogOptions['database']
  readonly worker = new LibraryWorker()
  readonly #events: Events
  /** Models whose files are not there at the moment. */
  #missing: ReadonlySet<string> = new Set()
  /** Paths of models in folders that the person removed from the library. */
  #hidden: ReadonlySet<string> = new Set()
  /** Of each models folder, what could not be read when it was last looked through. */
  readonly #away = new Map<string, readonly string[]>()
  #demo: Promise<ModelFacts> | undefined
  #demoGuide: Promise<ModelFacts> | undefined
  #telling: NodeJS.Timeout | undefined

  constructor({ places, database, events }: CatalogOptions) {
    this.places = places
    this.database = database
    this.#events = events
  }

  async open(): Promise<void> {
    const hidden = await this.database.settings.get(hiddenKey)
    if (Array.isArray(hidden)) this.#hidden = new Set(hidden)
    // Before all of them were kept free, a file of that name could take one.
    for (const id of Object.values(shippedIds)) await this.database.models.giveId(id, idFrom(id))
    await this.refresh()
  }

  /** Looks at a file or folder in the library's thread. Throws UserError where it cannot be read. */
  readonly look = (path: string, overrides?: Overrides): Promise<ModelFacts> => this.worker.ask('look', path, overrides)

  readonly demo = (): Promise<ModelFacts> => (this.#demo ??= this.look(shipped.demo))

  readonly card = (row: ModelRow): ModelCard => cardOf(row, this.places, this.#missing.has(row.id))

  /** The model of an id. Throws UserError where there is none. */
  async row(id: string): Promise<ModelRow> {
    const row = await this.database.models.get(id)
    if (row) return row
    throw new UserError(`There is no model ${id} in the library.`, 'It may have been removed.')
  }

  /** The demo model, its guide and all others that are not hidden. */
  async cards(): Promise<ModelCard[]> {
    this.#demoGuide ??= this.look(shipped.guide)
    const [demo, guide, rows] = await Promise.all([this.demo(), this.#demoGuide, this.database.models.list()])
    const own = [demoCard(shipped.demo, demo), demoGuideCard(shipped.guide, guide)]
    return [...own, ...rows.filter(row => !this.#hidden.has(row.path)).map(this.card)]
  }

  /** The models of a kind that are not hidden. */
  async rows(kind: ModelRow['kind']): Promise<ModelRow[]> {
    const rows = await this.database.models.list()
    return rows.filter(row => row.kind === kind && !this.#hidden.has(row.path))
  }

  /** What was missed under that id is so no more: its row went, or its files came back. An id may be given again. */
  found(id: string): void {
    this.#missing = new Set([...this.#missing].filter(other => other !== id))
  }

  /** Takes a path out of sight, or brings it back. */
  async hide(path: string, hidden: boolean): Promise<void> {
    if (this.#hidden.has(path) === hidden) return
    const paths = new Set(this.#hidden)
    if (hidden) paths.add(path)
    else paths.delete(path)
    await this.database.settings.set(hiddenKey, [...paths])
    this.#hidden = paths
  }

  /** Forgets what was hidden below a folder. */
  async forgetHidden(isForgotten: (path: string) => boolean): Promise<void> {
    for (const path of this.#hidden) if (isForgotten(path)) await this.hide(path, false)
  }

  /** What of a models folder could not be read, though models of it are known: the folder itself, or parts of it. */
  readonly away = (folder: string): readonly string[] => this.#away.get(folder) ?? []

  async setAway(folder: string, paths: readonly string[]): Promise<void> {
    const isNews = paths.length + this.away(folder).length > 0
    this.#away.set(folder, paths)
    if (isNews) await this.refresh()
  }

  /** Sees which models and folders are there, and looks anew at imported models whose files have changed. */
  async refresh(): Promise<void> {
    const { models } = this.database
    const missing = new Set<string>()
    for (const row of await models.imported()) if (!(await this.#refreshOne(row))) missing.add(row.id)
    for (const folder of await models.folders()) {
      const away = (await isBare(folder)) ? [folder] : this.away(folder)
      if (away.length === 0) continue
      for (const { id, path } of await models.inFolder(folder))
        if (away.some(part => isWithin(part, path))) missing.add(id)
    }
    const differs = missing.size !== this.#missing.size || [...missing].some(id => !this.#missing.has(id))
    this.#missing = missing
    if (differs) this.tellChanged()
  }

  /** The row of a model as its files are now. What they cannot be read for is its problem. */
  async lookAgain(row: ModelRow): Promise<ModelRow> {
    const path = this.places.whole(row.path)
    const stamp = await stampOf(path)
    if (isSame(row, stamp)) return row
    const facts = await this.look(path, overridesOf(row)).catch((error: unknown) => {
      if (error instanceof UserError) return error
      throw error
    })
    const changes = facts instanceof UserError ? { ...stamp, usable: false, problem: facts.message } : columnsOf(facts)
    const changed = await this.database.models.change(row.id, { ...changes, autoV2: null, autoV3: null })
    this.tellChanged()
    return changed ?? row
  }

  /** Whether an imported model is there. */
  async #refreshOne(row: ModelRow): Promise<boolean> {
    const stamp = await stampOf(this.places.whole(row.path)).catch(() => undefined)
    if (stamp && !isSame(row, stamp)) await this.lookAgain(row)
    // A preview that was painted lies in the cache, which may be deleted.
    if (row.preview !== null && !(await isThere(this.places.whole(row.preview))))
      await this.database.models.change(row.id, { preview: null })
    return stamp !== undefined
  }

  tellChanged(): void {
    this.#telling ??= setTimeout(() => {
      this.#telling = undefined
      this.cards().then(
        cards => this.#events.emit('models.changed', cards),
        // The database was closed in the meantime: nobody listens any more.
        () => undefined,
      )
    }, gatherMs).unref()
  }

  tellProgress(what: string, done: number, total: number): void {
    this.#events.emit('models.progress', { what, done, total })
  }

  notice(message: string, hint: string): void {
    this.#events.emit('system.notice', { level: 'error', message, hint })
  }

  async close(): Promise<void> {
    clearTimeout(this.#telling)
    await this.worker.close()
  }
}

export const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )

/** File systems round times differently: two milliseconds are no change. */
export const isSame = (a: Stamp, b: Stamp): boolean => a.size === b.size && Math.abs(a.modified - b.modified) < 2
