import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** The plain files of one folder, by name. */
export interface FolderFiles {
  readonly folder: string
  readonly names: readonly string[]
}

/** Every folder below `root` with its files, one at a time; links are not followed. What cannot be read throws the system's error. */
export async function* walk(root: string): AsyncGenerator<FolderFiles> {
  const entries = await readdir(root, { withFileTypes: true })
  yield { folder: root, names: entries.filter(entry => entry.isFile()).map(({ name }) => name) }
  const folders = entries.filter(entry => entry.isDirectory()).map(({ name }) => name)
  for (const name of folders.sort()) yield* walk(join(root, name))
}
