import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { stemOf } from './facts.ts'

const endings = ['png', 'jpg', 'jpeg', 'webp']

/** The names that A1111 and ComfyUI give to a model's preview, the more telling first. */
const besides = (stem: string): string[] =>
  ['.preview', ''].flatMap(mark => endings.map(end => `${stem}${mark}.${end}`))

/** InvokeAI keeps each model in a folder named by its key, and the pictures of all in one beside them. */
const invokeKey = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/

/**
 * The picture that stands beside a model file or folder, for those who know what its folder holds.
 * @param names of the folder's files, in whatever letters they are written
 */
export function previewAmong(path: string, names: Iterable<string>): string | null {
  const known = new Map([...names].map(name => [name.toLowerCase(), name]))
  for (const wanted of besides(stemOf(path).toLowerCase())) {
    const name = known.get(wanted)
    if (name !== undefined) return join(dirname(path), name)
  }
  return null
}

/** The picture that stands beside a model, in any of the layouts that other programs use. */
export async function findPreview(path: string): Promise<string | null> {
  const folder = dirname(path)
  const beside = previewAmong(path, await readdir(folder).catch(() => []))
  return beside ?? (await invokePreview(path))
}

async function invokePreview(path: string): Promise<string | null> {
  for (const folder of [path, dirname(path)]) {
    const key = basename(folder)
    if (!invokeKey.test(key)) continue
    const pictures = join(dirname(folder), 'model_images')
    const names: string[] = await readdir(pictures).catch(() => [])
    if (names.includes(`${key}.webp`)) return join(pictures, `${key}.webp`)
  }
  return null
}
