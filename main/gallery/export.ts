import { readFile, stat } from 'node:fs/promises'
import { basename, join, parse, resolve, sep } from 'node:path'
import sharp from 'sharp'
import { UserError } from '../../models/errors.ts'
import { galleryPlaces } from './places.ts'
import { writeAtomically } from './write.ts'

export interface ExportOptions {
  /** Whether the copies say how they were made. */
  readonly metadata: boolean
  readonly signal?: AbortSignal | undefined
}

/**
 * Copies pictures (files below the data folder) to a folder, which is made; nothing there is replaced. The paths of the
 * copies. UserError: the folder cannot be written to, or is the gallery's own.
 */
export async function exportTo(
  data: string,
  files: readonly string[],
  folder: string,
  options: ExportOptions,
): Promise<string[]> {
  const target = resolve(folder)
  if (`${target}${sep}`.startsWith(galleryPlaces(resolve(data)).pictures + sep))
    throw new UserError(`${folder} is the gallery's own folder.`, 'Choose another folder.')
  const copies: string[] = []
  for (const file of files) {
    options.signal?.throwIfAborted()
    const bytes = await contentOf(join(data, file), options.metadata)
    const path = await freePath(target, basename(file))
    await writeAtomically(path, bytes)
    copies.push(path)
  }
  return copies
}

/** The file as it is, or its pixels alone. */
async function contentOf(path: string, metadata: boolean): Promise<Uint8Array> {
  try {
    return await (metadata ? readFile(path) : sharp(path).png().toBuffer())
  } catch (cause) {
    throw new UserError(`${path} cannot be read.`, 'cicerone gallery check says what is missing.', { cause })
  }
}

async function freePath(folder: string, file: string): Promise<string> {
  const { name, ext } = parse(file)
  for (let again = 1; ; again++) {
    const path = join(folder, `${name}${again === 1 ? '' : `-${again}`}${ext}`)
    const there = await stat(path).catch(() => undefined)
    if (!there) return path
  }
}
