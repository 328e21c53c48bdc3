import { lstat, mkdir, rename } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import trash from 'trash'
import { saysAbsent } from './absent.ts'
import { galleryPlaces } from './places.ts'

/** The trash package compares each path with each other. */
const batch = 100

/**
 * Moves files below the data folder to the system's trash; where it takes one not, to `DATA/trash`. Which were kept there, and
 * which could not be moved at all.
 */
export async function toTrash(data: string, files: readonly string[]): Promise<{ kept: string[]; stuck: string[] }> {
  const kept: string[] = []
  const stuck: string[] = []
  for (let i = 0; i < files.length; i += batch) {
    const some = files.slice(i, i + batch)
    await trash(
      some.map(file => join(data, file)),
      { glob: false },
    ).catch(() => undefined)
    for (const file of some) {
      const path = join(data, file)
      if (await isGone(path)) continue
      const moved = await keep(path, join(galleryPlaces(data).trash, file))
      if (moved) kept.push(file)
      else stuck.push(file)
    }
  }
  return { kept, stuck }
}

async function keep(path: string, target: string): Promise<boolean> {
  try {
    await mkdir(dirname(target), { recursive: true })
    await rename(path, target)
    return true
  } catch {
    return isGone(path)
  }
}

const isGone = (path: string): Promise<boolean> => lstat(path).then(() => false, saysAbsent)
