import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { pathError } from '../tensor/safetensors/open.ts'

/**
 * Size and time of change of a model's files, as text: of the file itself, or of all in a folder and in its folders.
 * Throws `UserError` where the model is gone.
 */
export async function fingerprint(path: string): Promise<string> {
  try {
    const info = await stat(path)
    if (!info.isDirectory()) return mark(info)
    const files = await filesIn(path, 2)
    return (await Promise.all(files.map(async file => `${file} ${mark(await stat(file))}`))).join('\n')
  } catch (error) {
    throw pathError(path, error)
  }
}

async function filesIn(folder: string, depth: number): Promise<string[]> {
  const found: string[] = []
  for (const entry of (await readdir(folder)).toSorted()) {
    const path = join(folder, entry)
    const info = await stat(path).catch(() => undefined)
    if (info?.isFile()) found.push(path)
    else if (info?.isDirectory() && depth > 1) found.push(...(await filesIn(path, depth - 1)))
  }
  return found
}

const mark = ({ size, mtimeMs, ino }: { size: number; mtimeMs: number; ino: number }): string =>
  `${size} ${mtimeMs} ${ino}`
