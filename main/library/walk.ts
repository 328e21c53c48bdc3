import type { Dirent } from 'node:fs'
import { lstat, readdir, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { type Stamp, stampOf } from './facts.ts'
import { isBelow } from './places.ts'
import { findPreview, previewAmong } from './previews.ts'

/** A model file or folder that was come across. */
export interface Found extends Stamp {
  readonly path: string
  readonly preview: string | null
}

export interface Walked {
  readonly found: readonly Found[]
  /** Folders and files that could not be read: what lies there is not known, which is not the same as nothing. */
  readonly unread: readonly string[]
  /** Real paths of the folders that were come to by a link, and of those in them. */
  readonly linked: readonly string[]
  /** Whether there was more than is looked at. */
  readonly cut: boolean
}

interface WalkOptions {
  /** The studio's own folder: what is in it is known already. */
  readonly except: string
  /** How many models at most. */
  readonly most?: number
}

export const deepest = 10
const mostModels = 50_000
const mostFolders = 20_000

/** Pickles too: that they are refused, and why, is said beside their name. */
const isModel = (name: string): boolean => /\.(?:safetensors|ckpt)$/i.test(name)
/** What belongs to programs rather than to people. */
export const isOfNoInterest = (name: string): boolean => name.startsWith('.') || /^(?:node_modules|venv)$/.test(name)

/**
 * Finds all models below a folder, in whatever layout: only names, sizes and times are read. Links are followed, each
 * folder is entered once.
 */
export async function walk(root: string, { except, most = mostModels }: WalkOptions): Promise<Walked> {
  const found: Found[] = []
  const unread: string[] = []
  const linked: string[] = []
  const entered = new Set<string>()
  let cut = false
  let level: Folder[] = [{ path: root, isLink: await isLink(root), isBeyond: false }]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return { found, unread, linked, cut: true }
    const next: Folder[] = []
    for (const { path: folder, isLink, isBeyond: wasBeyond } of level) {
      const isBeyond = isLink || wasBeyond
      const real = await realpath(folder).catch(() => undefined)
      if (real === undefined) unread.push(folder)
      if (real === undefined || entered.has(real) || real === except || isBelow(except, real)) continue
      if (entered.size >= mostFolders || found.length >= most) {
        cut = true
        break
      }
      entered.add(real)
      if (isBeyond) linked.push(real)
      // A link may lead to the mount point that a drive leaves behind
      if (isLink && (await isBare(folder))) {
        unread.push(folder)
        continue
      }
      const inside = await lookInto(folder)
      found.push(...inside.models)
      unread.push(...inside.unread)
      next.push(...inside.folders.map(inner => ({ ...inner, isBeyond })))
    }
    level = next
  }
  return { found: found.slice(0, most), unread, linked, cut: cut || found.length > most }
}

interface Folder extends Entry {
  /** Whether there is a link on the way to it from the root. */
  readonly isBeyond: boolean
}

interface Entry {
  readonly path: string
  readonly isLink: boolean
}

interface Inside {
  readonly models: readonly Found[]
  readonly folders: readonly Entry[]
  readonly unread: readonly string[]
}

async function lookInto(folder: string): Promise<Inside> {
  const unknown = { models: [], folders: [], unread: [folder] }
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => undefined)
  if (!entries) return unknown
  const names = entries.map(({ name }) => name)
  if (names.includes('model_index.json')) {
    const stamp = await stampOf(folder).catch(() => undefined)
    if (!stamp) return unknown
    return { models: [{ path: folder, ...stamp, preview: await findPreview(folder) }], folders: [], unread: [] }
  }
  const parts = await Promise.all(entries.map(entry => partOf(folder, entry, names)))
  return {
    models: parts.flatMap(part => (part && 'model' in part ? part.model : [])),
    folders: parts.flatMap(part => (part && 'folder' in part ? part.folder : [])),
    unread: parts.flatMap(part => (part && 'unread' in part ? part.unread : [])),
  }
}

type Part = { readonly model: Found } | { readonly folder: Entry } | { readonly unread: string }

/** What an entry of a folder is; undefined where it is nothing of interest, or gone by now. */
async function partOf(folder: string, entry: Dirent, names: readonly string[]): Promise<Part | undefined> {
  if (isOfNoInterest(entry.name)) return undefined
  const path = join(folder, entry.name)
  const isLink = entry.isSymbolicLink()
  if (entry.isDirectory()) return { folder: { path, isLink } }
  if (!isLink && !isModel(entry.name)) return undefined
  try {
    const info = await stat(path)
    if (info.isDirectory()) return { folder: { path, isLink } }
    if (!info.isFile() || !isModel(entry.name)) return undefined
    const preview = previewAmong(path, names) ?? (names.length <= 3 ? await findPreview(path) : null)
    return { model: { path, size: info.size, modified: info.mtimeMs, preview } }
  } catch (error) {
    // A link may lead to a drive that is away
    const isGone = !isLink && error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return isGone ? undefined : { unread: path }
  }
}

const isLink = (path: string): Promise<boolean> =>
  lstat(path).then(
    info => info.isSymbolicLink(),
    () => false,
  )

/** Whether nothing can be seen in a folder: it is not there, cannot be read, or is empty like a mount point without its drive. */
export const isBare = (folder: string): Promise<boolean> =>
  readdir(folder).then(
    names => names.length === 0,
    () => true,
  )
