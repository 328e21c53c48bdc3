import { link, lstat, mkdir, readdir, realpath, rm, stat, symlink } from 'node:fs/promises'
import { basename, dirname, extname, join, relative } from 'node:path'
import { UserError } from '../../models/errors.ts'
import type { ModelCard } from '../../preload/contract/models.ts'
import {
  type CopyOptions,
  codeOf,
  copyWhole,
  makeFolder,
  requireSpace,
  settle,
  temporaryName,
  understood,
} from './copy.ts'
import { type ModelFacts, modelFolderFiles, nameOf, stemOf } from './facts.ts'
import { findPreview } from './previews.ts'

export type Way = 'link' | 'copy' | 'in place'

/** A model as it lies in the library now. */
export interface BroughtIn {
  /** Absolute. */
  readonly path: string
  readonly place: ModelCard['place']
  readonly preview: string | null
  readonly bytesCopied: number
}

interface Target {
  /** The folder of its kind. */
  readonly shelf: string
  /** File or folder name. */
  readonly name: string
}

/** The name that a model would have on its shelf. */
export const nameOnShelf = (path: string, facts: ModelFacts, isFolder: boolean): string =>
  isFolder ? basename(path) : `${facts.name}.safetensors`

/** `name.safetensors`, `name-2.safetensors`, `name-3.safetensors`... */
function* candidates({ shelf, name }: Target): Generator<string> {
  const ending = extname(name) === '.safetensors' ? '.safetensors' : ''
  const stem = ending ? stemOf(name) : name
  yield join(shelf, name)
  for (let n = 2; ; n++) yield join(shelf, `${stem}-${n}${ending}`)
}

/** Whether what lies at a path may have been brought in under a name: as one of its `candidates`. */
export function isNamed(path: string, name: string): boolean {
  const own = nameOf(path)
  return own === name || (own.startsWith(`${name}-`) && /^\d+$/.test(own.slice(name.length + 1)))
}

/** Does `put` with the first name that is free. */
async function atFreeName(target: Target, put: (path: string) => Promise<void>): Promise<string> {
  for (const path of candidates(target)) {
    // Looked at first as well: a link that leads nowhere takes a name, too.
    const taken = await lstat(path).catch(() => undefined)
    if (taken) continue
    try {
      await put(path)
      return path
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
  throw new Error('unreachable: there are always more names')
}

/**
 * Copies a model into its shelf. It has its name only once it is whole and synced; what fails or is cancelled leaves
 * nothing behind. Throws UserError where there is no room or writing is not allowed.
 */
export async function copyIn(
  from: string,
  facts: ModelFacts,
  target: Target,
  options: CopyOptions,
): Promise<BroughtIn> {
  const { shelf } = target
  await makeFolder(shelf)
  const temporary = join(shelf, temporaryName())
  try {
    await requireSpace(shelf, facts.size)
    const source = await realpath(from)
    if ((await stat(source)).isDirectory()) await copyFolder(source, temporary, facts, options)
    else await copyWhole(source, temporary, options)
    const path = await atFreeName(target, candidate => settle(temporary, candidate))
    return { path, place: 'copied', preview: await copyPreview(from, path), bytesCopied: facts.size }
  } catch (error) {
    throw understood(shelf, error)
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** Moves an upload, which already lies on the library's disk, into its shelf. */
export async function moveIn(from: string, facts: ModelFacts, target: Target): Promise<BroughtIn> {
  await makeFolder(target.shelf)
  try {
    const path = await atFreeName(target, candidate => settle(from, candidate))
    return { path, place: 'copied', preview: null, bytesCopied: facts.size }
  } catch (error) {
    throw understood(target.shelf, error)
  }
}

/** Links a model into its shelf: a hard link where that can be, so that it outlives the original, else a symbolic one. */
export async function linkIn(from: string, target: Target): Promise<BroughtIn> {
  await makeFolder(target.shelf)
  const source = await realpath(from)
  const isFolder = (await stat(source)).isDirectory()
  try {
    const path = await atFreeName(target, async candidate => {
      const linked = !isFolder && (await hardLinked(source, candidate))
      if (!linked) await symlink(source, candidate, isFolder ? 'junction' : 'file')
    })
    return { path, place: 'linked', preview: await findPreview(from), bytesCopied: 0 }
  } catch (error) {
    if (codeOf(error) !== 'EPERM' || process.platform !== 'win32') throw understood(target.shelf, error)
    throw new UserError('Windows does not allow a link here.', 'Copy it, or use it where it is.', { cause: error })
  }
}

async function hardLinked(source: string, path: string): Promise<boolean> {
  try {
    await link(source, path)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error
    return false
  }
}

/** Copies what painting needs of a diffusers folder: the weights that were looked at, configurations and tokenizers. */
async function copyFolder(from: string, to: string, { files }: ModelFacts, options: CopyOptions): Promise<void> {
  const wanted = new Set(files)
  for (const file of await modelFolderFiles(from)) {
    const source = await realpath(file).catch(() => undefined)
    if (source === undefined || (extname(file) === '.safetensors' && !wanted.has(source))) continue
    const target = join(to, relative(from, file))
    await mkdir(dirname(target), { recursive: true })
    await copyWhole(source, target, options)
  }
}

/** A copy has its preview beside it, as the original had. One that cannot be copied is none. */
async function copyPreview(from: string, to: string): Promise<string | null> {
  const preview = await findPreview(from)
  if (preview === null) return null
  const target = join(dirname(to), `${stemOf(to)}.preview${extname(preview).toLowerCase()}`)
  return copyWhole(preview, target, {}).then(
    () => target,
    () => null,
  )
}

/** What is to go with a copied model: its files, and the preview that was copied with it. */
export async function withPreview(path: string): Promise<string[]> {
  const names = await readdir(dirname(path)).catch(() => [])
  const own = `${stemOf(path)}.preview.`
  return [path, ...names.filter(name => name.startsWith(own)).map(name => join(dirname(path), name))]
}
