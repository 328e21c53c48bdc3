import { UserError } from '../../models/errors.ts'
import type { ModelChanges, ModelRow, NewModel } from '../database/queries/models.ts'
import { columnsOf, idFrom } from './card.ts'
import { type Catalog, isSame } from './catalog.ts'
import { type ModelFacts, unreadable } from './facts.ts'
import { overridesOf } from './overrides.ts'
import { isWithin } from './places.ts'
import { type Found, walk } from './walk.ts'

/** What is being written is not judged yet: milliseconds since its last change. */
const settledAfterMs = 3000
/** How many are looked at before what was found is kept and told. */
const batch = 200

export interface Scanned {
  /** Models that were found. */
  readonly models: number
  /** Whether some were still being written: look again soon. */
  readonly unsettled: boolean
  /** Real paths of the folders that links in it lead to. */
  readonly linked: readonly string[]
}

/**
 * Brings the rows of a models folder up to date. Only what is new or changed is opened; what is gone loses its row, what
 * could not be read keeps it. Nothing in the folder is written.
 */
export async function scan(folder: string, catalog: Catalog, signal: AbortSignal): Promise<Scanned> {
  const { database, places } = catalog
  const [{ found, unread, linked, cut }, rows] = await Promise.all([
    walk(folder, { except: places.data }),
    database.models.inFolder(folder),
  ])
  signal.throwIfAborted()
  if (cut) catalog.notice(`${folder} holds more models than can be used from one folder.`, 'Add a folder inside it.')
  const known = new Map(rows.map(row => [row.path, row]))
  const there = new Set(found.map(({ path }) => path))
  const lost = rows.filter(({ path }) => !there.has(path))
  // A drive that was pulled out looks like a folder whose models were all deleted
  const away = found.length === 0 ? [folder] : unread
  const gone = lost.filter(({ path }) => !away.some(part => isWithin(part, path))).map(({ id }) => id)
  if (gone.length > 0) await database.models.remove(gone)

  const fresh = found.filter(model => !isUpToDate(model, known.get(model.path)))
  const what = `Looking through ${folder}`
  let unsettled = false
  for (let at = 0; at < fresh.length; at += batch) {
    const some = fresh.slice(at, at + batch)
    const looked = await Promise.all(
      some.map(async model => ({ model, facts: await lookAt(model, known.get(model.path), catalog) })),
    )
    signal.throwIfAborted()
    const sound = looked.filter(({ facts }) => facts !== 'unsettled') as { model: Found; facts: ModelFacts }[]
    unsettled ||= sound.length < looked.length
    await keep(folder, sound, known, catalog)
    catalog.tellProgress(what, Math.min(at + batch, fresh.length), fresh.length)
    catalog.tellChanged()
  }
  if (gone.length > 0) catalog.tellChanged()
  await catalog.setAway(
    folder,
    away.filter(part => lost.some(({ path }) => isWithin(part, path))),
  )
  return { models: found.length, unsettled, linked }
}

const isUpToDate = (model: Found, row: ModelRow | undefined): boolean =>
  row !== undefined && isSame(row, model) && row.preview === model.preview

async function lookAt(model: Found, row: ModelRow | undefined, catalog: Catalog): Promise<ModelFacts | 'unsettled'> {
  try {
    return await catalog.look(model.path, overridesOf(row))
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    if (Date.now() - model.modified < settledAfterMs) return 'unsettled'
    return unreadable(model.path, model, error)
  }
}

async function keep(
  folder: string,
  looked: readonly { model: Found; facts: ModelFacts }[],
  known: ReadonlyMap<string, ModelRow>,
  { database }: Catalog,
): Promise<void> {
  const added: { wantedId: string; model: NewModel }[] = []
  const changed: [string, ModelChanges][] = []
  for (const { model, facts } of looked) {
    const { path, preview } = model
    const row = known.get(path)
    const columns = { ...columnsOf(facts), size: model.size, modified: model.modified, preview }
    if (row) {
      // Another file under the same name: its hash is not known.
      changed.push([row.id, isSame(row, model) ? { preview } : { ...columns, autoV2: null, autoV3: null }])
    } else {
      const where = { path, place: 'in place', folder, autoV2: null, autoV3: null } as const
      added.push({ wantedId: idFrom(facts.name), model: { ...columns, name: facts.name, ...where } })
    }
  }
  await database.models.merge(added, changed)
}
