import { lstat, unlink } from 'node:fs/promises'
import { relative } from 'node:path'
import { UserError } from '../../models/errors.ts'
import type { ModelRow } from '../database/queries/models.ts'
import { toTrash } from '../gallery/trash.ts'
import { withPreview } from './bring-in.ts'
import { codeOf, understood } from './copy.ts'
import type { Places } from './places.ts'

/**
 * Takes a model's files out of the library: a copy goes to the system's trash, of what is linked the link alone goes.
 * What is used in place is not touched. Throws UserError where the system does not let it.
 */
export async function removeFiles({ place, path: kept }: ModelRow, places: Places): Promise<void> {
  if (place !== 'copied' && place !== 'linked') return
  const path = places.whole(kept)
  const info = await lstat(path).catch((error: unknown) => {
    if (codeOf(error) === 'ENOENT') return undefined
    throw understood(path, error)
  })
  if (!info) return
  // Where the original has gone meanwhile, what was a hard link is the last that holds the file.
  const isMereLink = info.isSymbolicLink() || (place === 'linked' && info.isFile() && info.nlink > 1)
  if (isMereLink) {
    await unlink(path).catch((error: unknown) => {
      throw understood(path, error)
    })
    return
  }
  const files = (await withPreview(path)).map(file => relative(places.data, file))
  const { stuck } = await toTrash(places.data, files)
  if (stuck.length > 0) throw new UserError(`${path} cannot be moved to the trash.`, 'See whether you may write there.')
}
