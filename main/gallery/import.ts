import { readFile, stat } from 'node:fs/promises'
import { basename, join, parse, resolve, sep } from 'node:path'
import { UserError } from '../../models/errors.ts'
import { dayFolder, galleryPlaces } from './places.ts'
import { walk } from './walk.ts'
import { writeAtomically } from './write.ts'

/** What came of an import. */
export interface ImportReport {
  readonly imported: number
  /** Those that the gallery had already, byte by byte. */
  readonly already: number
  /** Pictures that could not be read, and why. */
  readonly failed: readonly { readonly path: string; readonly reason: string }[]
  /** Files that are no PNG. */
  readonly skipped: number
}

/** All PNG files that are named or lie in named folders; the others are only counted. UserError: there is no such path. */
export async function picturesIn(paths: readonly string[]): Promise<{ pictures: string[]; skipped: number }> {
  const files: string[] = []
  for (const path of paths.map(path => resolve(path))) {
    const info = await stat(path).catch((cause: unknown) => {
      throw new UserError(`${path} cannot be opened.`, 'Check the path and whether you may read it.', { cause })
    })
    if (info.isDirectory())
      for await (const { folder, names } of walk(path)) files.push(...names.map(name => join(folder, name)))
    else files.push(path)
  }
  const pictures = [...new Set(files)].filter(file => file.toLowerCase().endsWith('.png'))
  return { pictures, skipped: files.length - pictures.length }
}

/**
 * Copies a picture into the gallery's folder of the day it was made, under its own name and with its time. Gives the file below the
 * data folder; the same where the very picture is there already. UserError: it cannot be written.
 */
export async function bringIn(data: string, path: string): Promise<string> {
  const own = galleryPlaces(data).pictures + sep
  if (path.startsWith(own)) return `pictures/${path.slice(own.length).split(sep).join('/')}`
  const [bytes, { mtime }] = await Promise.all([readFile(path), stat(path)])
  const { name } = parse(basename(path))
  for (let again = 1; ; again++) {
    const file = `${dayFolder(mtime)}/${name}${again === 1 ? '' : `-${again}`}.png`
    const target = join(data, file)
    const there = await readFile(target).catch(() => undefined)
    if (there?.equals(bytes)) return file
    if (there) continue
    await writeAtomically(target, bytes, mtime)
    return file
  }
}
