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
  const entered = new Set<string>()
  let cut = false
  let level = [root]
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) return { found, cut: true }
    const next: string[] = []
    for (const folder of level) {
      const real = await realpath(folder).catch(() => undefined)
      if (real === undefined || entered.has(real) || real === except || isBelow(except, real)) continue
      if (entered.size >= mostFolders || found.length >= most) {
        cut = true
        break
      }
      entered.add(real)
      const { models, folders } = await lookInto(folder)
      found.push(...models)
      next.push(...folders)
    }
    level = next
  }
  return { found: found.slice(0, most), cut: cut || found.length > most }
}

async function lookInto(folder: string): Promise<{ models: Found[]; folders: string[] }> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => [])
  const names = entries.map(({ name }) => name)
  if (names.includes('model_index.json')) {
    const stamp = await stampOf(folder).catch(() => undefined)
    return { models: stamp ? [{ path: folder, ...stamp, preview: await findPreview(folder) }] : [], folders: [] }
  }
  const models: Promise<Found | undefined>[] = []
  const folders: string[] = []
  for (const entry of entries) {
    if (isOfNoInterest(entry.name)) continue
    const path = join(folder, entry.name)
    if (entry.isDirectory()) folders.push(path)
    else if (isModel(entry.name)) models.push(fileFound(path, names))
    else if (entry.isSymbolicLink() && (await stat(path).catch(() => undefined))?.isDirectory()) folders.push(path)
  }
  return { models: (await Promise.all(models)).filter(model => model !== undefined), folders }
}

async function fileFound(path: string, names: readonly string[]): Promise<Found | undefined> {
  const info = await stat(path).catch(() => undefined)
  if (!info?.isFile()) return undefined
  const preview = previewAmong(path, names) ?? (names.length <= 3 ? await findPreview(path) : null)
  return { path, size: info.size, modified: info.mtimeMs, preview }
}
