import { rm, stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import type { Overrides } from '../../models/checkpoint/checkpoint.ts'
import { UserError } from '../../models/errors.ts'
import { pathError } from '../../models/tensor/safetensors/open.ts'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import type { Contract } from '../../preload/contract/index.ts'
import type { GuideCard, ModelCard, ModelSheet } from '../../preload/contract/models.ts'
import type { Implementation } from '../../preload/contract/service.ts'
import type { Database } from '../database/database.ts'
import type { ModelRow } from '../database/queries/models.ts'
import type { Events } from '../events.ts'
import { shipped } from '../paths.ts'
import { type AskedBeside, type Beside, besides } from './beside.ts'
import { type BroughtIn, copyIn, isNamed, linkIn, moveIn, nameOnShelf, type Way } from './bring-in.ts'
import { columnsOf, idFrom, isId } from './card.ts'
import { Catalog, isSame } from './catalog.ts'
import type { ModelChoice } from './choice.ts'
import type { ModelFacts } from './facts.ts'
import { Folders } from './folders.ts'
import { findAgain } from './found-again.ts'
import { type Guided, guidedBy, type reportPair } from './guides.ts'
import { Hashing } from './hashing.ts'
import { override, overridesOf } from './overrides.ts'
import { Places } from './places.ts'
import { findPreview } from './previews.ts'
import { removeFiles } from './remove.ts'
import { allGuides, resolveBase, resolveGuide } from './resolve.ts'
import { areSame } from './same-files.ts'
import { isShipped, shippedIds } from './shipped-ids.ts'
import { tryLater } from './trial.ts'
import { Uploads } from './uploads.ts'

export interface LibraryOptions {
  readonly data: string
  readonly database: Pick<Database, 'models' | 'settings'>
  readonly events: Events
  /**
   * Whether this is the studio, which tidies up, watches models folders and computes hashes. Commands that come and go
   * beside it leave that to it.
   */
  readonly studio: boolean
}

type Service = Implementation<Contract['models']>
type Source = Parameters<Service['inspect']>[0]['source']

/** Models on disk. */
export class Library {
  readonly catalog: Catalog
  readonly uploads: Uploads
  /** Called with every model that has come in; what it awaits is over before the import is. */
  onImported: (row: ModelRow) => Promise<void>
  readonly #folders: Folders
  readonly #hashing: Hashing
  readonly #closing = new AbortController()
  #isStudio = false
  /** Imports and removals go one after another. */
  #last: Promise<unknown> = Promise.resolve()

  constructor(catalog: Catalog) {
    this.catalog = catalog
    this.uploads = new Uploads(catalog.places.uploads)
    this.onImported = row => tryLater(catalog, row)
    this.#folders = new Folders(catalog)
    this.#hashing = new Hashing(catalog)
  }

  readonly service: Service = {
    list: () => this.catalog.cards(),
    inspect: ({ source }) => this.#inspect(source),
    import: ({ source, way }) => this.#inTurn(() => this.#import(source, way)),
    discard: async ({ upload }) => {
      await this.uploads.discard(upload)
      return {}
    },
    guides: ({ base, prediction }) => this.#heldAgainst(base, prediction),
    rename: ({ id, name }) => this.#rename(id, name),
    override: async ({ id, ...said }) => {
      if (isShipped(id)) throw new UserError('What ships with the studio is known: there is nothing to choose.')
      return this.catalog.card(await override(await this.catalog.row(id), said, this.catalog))
    },
    report: async ({ id }) => {
      const { path, overrides } = await this.#placeOf(id)
      const { metadata: _, ...report } = await this.catalog.worker.ask('report', path, overrides)
      return report
    },
    hashes: async ({ id }) => {
      const { path } = await this.#placeOf(id)
      if ((await stat(path)).isDirectory()) throw new UserError('A folder has no hash.', 'Only single files have one.')
      return this.catalog.worker.ask('hash', path)
    },
    remove: ({ id }) => this.#inTurn(() => this.#remove(id)),
    folders: () => this.#folders.list(),
    addFolder: ({ path }) => this.#folders.add(path),
    removeFolder: async ({ path }) => {
      await this.#folders.remove(path)
      return {}
    },
  }

  /** What only the studio does; see `LibraryOptions`. */
  async openStudio(): Promise<void> {
    this.#isStudio = true
    await this.uploads.clear()
    await findAgain(this.catalog)
    await this.#folders.open()
    await this.#hashing.open()
  }

  /** Takes up what another process, a command most of all, has written to the database. */
  async readAgain(): Promise<void> {
    await this.catalog.open()
    this.catalog.tellChanged()
    await this.#hashing.open()
  }

  /** The base of an id or a path. Throws UserError where there is none or it cannot be painted with. */
  readonly resolveBase = (wanted: string): Promise<ModelChoice> => resolveBase(wanted, this.catalog, this.#hashing)

  /** The guide of an id or a path. Throws UserError where there is none. */
  readonly resolveGuide = (wanted: string): Promise<ModelChoice> => resolveGuide(wanted, this.catalog, this.#hashing)

  /** All guides that are there, the shipped one last. */
  readonly guides = (): Promise<ModelChoice[]> => allGuides(this.catalog, this.#hashing)

  /** How a request is guided on a base. Throws UserError where its guide is none, or does not fit. */
  readonly guidedBy = async (
    { method, guide, prediction }: Pick<GenerateRequest, 'method' | 'guide' | 'prediction'>,
    base: ModelChoice,
  ): Promise<Guided> => {
    const isGuided = method === undefined || method === 'guide'
    const wanted = isGuided && guide !== undefined ? await this.resolveGuide(guide) : undefined
    const guides = isGuided && !wanted ? await this.guides() : []
    const report: typeof reportPair = (...asked) => this.catalog.worker.ask('pair', ...asked)
    return guidedBy({ method, prediction }, { base, wanted, guides, report })
  }

  /** What a request puts beside a base. Throws UserError where that is not there, or does not fit. */
  readonly besides = (request: AskedBeside, base: Pick<ModelChoice, 'path' | 'overrides'>): Promise<Beside> =>
    besides(request, base, { catalog: this.catalog, hashing: this.#hashing })

  /** Whether the library has a model of that id. */
  readonly has = async (id: string): Promise<boolean> =>
    isShipped(id) || (isId(id) && (await this.catalog.database.models.get(id)) !== undefined)

  /** The picture that stands beside a model. */
  async previewFile(id: string): Promise<string | undefined> {
    const preview = (await this.catalog.database.models.get(id))?.preview
    if (preview === undefined || preview === null) return undefined
    const path = this.catalog.places.whole(preview)
    return (await stat(path).catch(() => undefined))?.isFile() ? path : undefined
  }

  /** What a file of a browser is, of which `body` brings no more than the header. Throws UserError where it is nothing. */
  readonly inspectStart = (
    file: { name: string; size: number },
    body: AsyncIterable<Uint8Array>,
  ): Promise<ModelSheet> =>
    this.uploads.withStart(file, body, async path => {
      const { ways, ...sheet } = await this.#inspect({ path })
      return { ...sheet, ways: ways.filter(way => way === 'copy') }
    })

  /** A copy that is under way is given up. */
  async close(): Promise<void> {
    this.#closing.abort(new UserError('The studio was closed.', 'Import the model again.'))
    await this.#folders.close()
    await this.#last
    await this.catalog.close()
  }

  async #inspect(source: Source): Promise<ModelSheet> {
    const path = await this.#pathOf(source)
    const facts = await this.#look(path, source)
    const { name, kind, architecture, dtype, parameters, size, predictionType, predictionSure, usable, problem } = facts
    const { shelf, name: onShelf } = await this.#target(path, facts)
    return {
      ...{ name, kind, architecture, dtype, parameters, size, predictionType, predictionSure, usable, problem },
      hint: facts.hint,
      target: resolve(shelf, onShelf),
      ways: !facts.welcome ? [] : 'upload' in source ? ['copy'] : ['link', 'copy', 'in place'],
    }
  }

  async #import(source: Source, way: Way): Promise<{ model: ModelCard; bytesCopied: number }> {
    const path = await this.#pathOf(source)
    const facts = await this.#look(path, source)
    if (!facts.welcome) throw refused(facts)
    if ('upload' in source && way !== 'copy') throw new UserError('What comes from a browser can only be copied.')
    const known = await this.#known(path, facts, way)
    const { row, bytesCopied } = known ? { row: known, bytesCopied: 0 } : await this.#add(source, path, facts, way)
    await this.catalog.hide(row.path, false)
    this.catalog.found(row.id)
    if ('upload' in source) await this.uploads.discard(source.upload)
    this.catalog.tellChanged()
    if (!known) await this.onImported(row)
    if (this.#isStudio) this.#hashing.begin(row)
    return { model: this.catalog.card(row), bytesCopied }
  }

  async #add(
    source: Source,
    path: string,
    facts: ModelFacts,
    way: Way,
  ): Promise<{ row: ModelRow; bytesCopied: number }> {
    const { places, database } = this.catalog
    const { bytesCopied, ...there } = await this.#bringIn(source, path, facts, way)
    const preview = there.preview === null ? null : places.kept(there.preview)
    const model = { ...columnsOf(facts), name: facts.name, place: there.place, path: places.kept(there.path), preview }
    try {
      // A new file lies here: a row of this path was left by a removal that was cut off.
      const stale = await database.models.atPath(model.path)
      if (stale) await database.models.remove([stale.id])
      const row = await database.models.add(idFrom(facts.name), { ...model, folder: null, autoV2: null, autoV3: null })
      return { row, bytesCopied }
    } catch (error) {
      // A full disk may let the file in and not the row.
      if (there.place !== 'in place') await rm(there.path, { recursive: true, force: true })
      throw error
    }
  }

  async #bringIn(source: Source, path: string, facts: ModelFacts, way: Way): Promise<BroughtIn> {
    if (way === 'in place') return { path, place: 'in place', preview: await findPreview(path), bytesCopied: 0 }
    const target = await this.#target(path, facts)
    if (way === 'link') return linkIn(path, target)
    if ('upload' in source) return moveIn(path, facts, target)
    let copied = 0
    const onBytes = (bytes: number) => {
      copied += bytes
      this.catalog.tellProgress(`Copying ${facts.name}`, Math.min(copied, facts.size), facts.size)
    }
    return copyIn(path, facts, target, { signal: this.#closing.signal, onBytes })
  }

  /** The row of what is in the library already in the wanted way. */
  async #known(path: string, facts: ModelFacts, way: Way): Promise<ModelRow | undefined> {
    const { database, places } = this.catalog
    if (way === 'in place') return database.models.atPath(places.kept(path))
    const place = way === 'copy' ? 'copied' : 'linked'
    const rows = await database.models.imported()
    const isIt = (row: ModelRow) =>
      row.place === place && isSame(row, facts) && isNamed(places.whole(row.path), facts.name)
    for (const row of rows.filter(isIt)) {
      // Fine-tunes of one program may well have the same name, size and second
      const there = await this.catalog.look(places.whole(row.path)).catch(() => undefined)
      if (there && (await areSame(facts.files, there.files))) return row
    }
    return undefined
  }

  /** Every guide, held against a base. */
  async #heldAgainst(wanted: string, prediction: GenerateRequest['prediction']): Promise<GuideCard[]> {
    const { path: base, overrides } = await this.resolveBase(wanted)
    const cards: GuideCard[] = []
    for (const { ref, path } of await this.guides()) {
      const report = await this.catalog.worker.ask('pair', path, base, prediction, overrides).catch(() => undefined)
      const { name = ref } = (await this.catalog.cards()).find(({ id }) => id === ref) ?? {}
      if (report) cards.push({ ...report, id: ref, name, guidance: report.guidance && [...report.guidance] })
    }
    return cards.toSorted((a, b) => Number(b.fits) - Number(a.fits))
  }

  /** Where a model of the library lies, and what was said of it. */
  async #placeOf(id: string): Promise<{ path: string; overrides?: Overrides }> {
    if (isShipped(id)) return { path: id === shippedIds.base ? shipped.demo : shipped.guide }
    const row = await this.catalog.row(id)
    return { path: this.catalog.places.whole(row.path), overrides: overridesOf(row) }
  }

  async #rename(id: string, name: string): Promise<ModelCard> {
    if (isShipped(id)) throw new UserError('What ships with the studio keeps its name.')
    const row = await this.catalog.database.models.change(id, { name: name.trim() || id })
    this.catalog.tellChanged()
    return this.catalog.card(row ?? (await this.catalog.row(id)))
  }

  async #remove(id: string): Promise<Record<string, never>> {
    if (isShipped(id)) throw new UserError('What ships with the studio belongs to it and stays.')
    const row = await this.catalog.row(id)
    if (row.folder === null) {
      await removeFiles(row, this.catalog.places)
      await this.catalog.database.models.remove([id])
    } else await this.catalog.hide(row.path, true)
    this.catalog.tellChanged()
    return {}
  }

  async #pathOf(source: Source): Promise<string> {
    return 'upload' in source ? this.uploads.path(source.upload) : resolve(source.path)
  }

  /** What cannot be used at all throws its sentence, and an upload of it goes at once. */
  async #look(path: string, source: Source): Promise<ModelFacts> {
    const discard = () => ('upload' in source ? this.uploads.discard(source.upload) : undefined)
    const facts = await this.catalog.look(path).catch(async (error: unknown) => {
      await discard()
      throw error
    })
    if (!facts.welcome) await discard()
    if (facts.kind === 'other') throw refused(facts)
    return facts
  }

  async #target(path: string, facts: ModelFacts): Promise<{ shelf: string; name: string }> {
    const info = await stat(path).catch((error: unknown) => {
      throw pathError(path, error)
    })
    return { shelf: this.catalog.places.shelf(facts.kind), name: nameOnShelf(path, facts, info.isDirectory()) }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#last.then(() => {
      this.#closing.signal.throwIfAborted()
      return work()
    })
    this.#last = result.catch(() => undefined)
    return result
  }
}

const refused = ({ problem, hint }: ModelFacts): UserError =>
  new UserError(problem ?? 'This model cannot be used.', hint ?? '')

/** Opens the library of a data folder. */
export async function openLibrary({ data, database, events, studio }: LibraryOptions): Promise<Library> {
  const library = new Library(new Catalog({ places: new Places(resolve(data)), database, events }))
  await library.catalog.open()
  if (studio) await library.openStudio()
  return library
}
