import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../models/errors.ts'
import { type ModelCard, modelKinds } from '../../preload/contract/models.ts'
import { columnsOf, idFrom } from './card.ts'
import type { Catalog } from './catalog.ts'
import { clearTemporary } from './copy.ts'
import { findPreview } from './previews.ts'

/**
 * Gives a row to every model on the library's shelves that has none: after the database was lost, after an import that
 * was cut off just before its end, or where a person put a file there. Half-written files of dead processes go.
 */
export async function findAgain(catalog: Catalog): Promise<void> {
  const { places, database } = catalog
  const known = new Set((await database.models.imported()).map(({ path }) => path))
  for (const kind of modelKinds) {
    const shelf = places.shelf(kind)
    await clearTemporary(shelf)
    for (const name of await readdir(shelf).catch(() => [])) {
      const path = join(shelf, name)
      if (!name.startsWith('.') && !known.has(places.kept(path))) await findOne(path, kind, catalog)
    }
  }
}

async function findOne(path: string, kind: ModelCard['kind'], catalog: Catalog): Promise<void> {
  const info = await lstat(path)
  if (!info.isDirectory() && !info.isSymbolicLink() && !path.endsWith('.safetensors')) return
  const facts = await catalog.look(path).catch((error: unknown) => {
    if (error instanceof UserError) return undefined
    throw error
  })
  if (!facts || facts.kind !== kind) return
  const isLink = info.isSymbolicLink() || (info.isFile() && info.nlink > 1)
  await catalog.database.models.add(idFrom(facts.name), {
    ...columnsOf(facts),
    name: facts.name,
    path: catalog.places.kept(path),
    place: isLink ? 'linked' : 'copied',
    folder: null,
    preview: await findPreview(path),
    autoV2: null,
    autoV3: null,
  })
  catalog.tellChanged()
}
