import { globSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The checkout, or the program where it was installed. */
export const root = fileURLToPath(new URL('../../', import.meta.url))

/** When a file was changed last, in milliseconds since 1970; undefined where there is none. */
const modified = (path: string): number | undefined => statSync(path, { throwIfNoEntry: false })?.mtimeMs

/** Whether `file` was made after all that patterns name below the root has been changed. */
export const isCurrent = (file: string, sources: readonly string[]): boolean =>
  (modified(file) ?? -1) >=
  Math.max(0, ...globSync(sources, { cwd: root }).map(each => modified(join(root, each)) ?? 0))

/**
 * Makes a folder beside `dirname(file)` and puts it in place whole: another studio may be using, or making, it at the
 * same time. `file` in it tells when it was made.
 */
export async function makeWhole(file: string, make: (folder: string) => Promise<void>): Promise<void> {
  const started = new Date()
  const folder = dirname(file)
  const part = `${folder}-${process.pid}`
  try {
    await make(part)
    // What is edited while it is made makes it old.
    utimesSync(join(part, basename(file)), started, started)
    rmSync(folder, { recursive: true, force: true })
    renameSync(part, folder)
  } catch (error) {
    rmSync(part, { recursive: true, force: true })
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error
  }
}
