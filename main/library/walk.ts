import type { Dirent } from 'node:fs'
import { readdir, realpath, stat } from 'node:fs/promises'
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
  const entered = new Set<string>()
  let cut = false
  let level = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return { found, unread, cut: true }
    const next: string[] = []
    for (const folder of level) {
      const real = await realpath(folder).catch(() => undefined)
      if (real === undefined) unread.push(folder)
      if (real === undefined || entered.has(real) || real === except || isBelow(except, real)) continue
      if (entered.size >= mostFolders || found.length >= most) {
        cut = true
        break
      }
      entered.add(real)
      const inside = await lookInto(folder)
      found.push(...inside.models)
      unread.push(...inside.unread)
      next.push(...inside.folders)
    }
    level = next
  }
  return { found: found.slice(0, most), unread, cut: cut || found.length > most }
}

interface Inside {
  readonly models: readonly Found[]
  readonly folders: readonly string[]
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

type Part = { readonly model: Found } | { readonly folder: string } | { readonly unread: string }

/** What an entry of a folder is; undefined where it is nothing of interest, or gone by now. */
async function partOf(folder: string, entry: Dirent, names: readonly string[]): Promise<Part | undefined> {
  if (isOfNoInterest(entry.name)) return undefined
  const path = join(folder, entry.name)
  const isLink = entry.isSymbolicLink()
  if (entry.isDirectory()) return { folder: path }
  if (!isLink && !isModel(entry.name)) return undefined
  try {
    const info = await stat(path)
    // A link may lead to a drive that is away, and to the mount point that it leaves behind
    if (info.isDirectory()) return (await isBare(path)) ? { unread: path } : { folder: path }
    if (!info.isFile() || !isModel(entry.name)) return undefined
    const preview = previewAmong(path, names) ?? (names.length <= 3 ? await findPreview(path) : null)
    return { model: { path, size: info.size, modified: info.mtimeMs, preview } }
  } catch (error) {
    const isGone = !isLink && error instanceof Error && 'code' in error && error.code === 'ENOENT'
    return isGone ? undefined : { unread: path }
  }
}

/** Whether nothing can be seen in a folder: it is not there, cannot be read, or is empty like a mount point without its drive. */
export const isBare = (folder: string): Promise<boolean> =>
  readdir(folder).then(
    names => names.length === 0,
    () => true,
  )
