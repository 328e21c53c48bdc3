import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import type { Setting } from '../objectives/objective.ts'
import { makePack } from './make-pack.ts'
import { openPack, type Pack, packFiles } from './pack.ts'

/**
 * Opens a dataset: a pack as it is, a folder of loose pictures as a pack in the run's cache.
 * @param pixels side of loose pictures once they are packed
 */
export async function openData(
  folder: string,
  pixels: number | undefined,
  { folder: run, signal, tell, closing }: Setting,
): Promise<Pack> {
  if (await exists(join(folder, packFiles.about))) return openPack(folder, closing)
  const packed = join(run.cache, 'data')
  if (!(await exists(join(packed, packFiles.about)))) {
    if (pixels === undefined)
      throw new UserError(
        `${folder} holds loose pictures, and the recipe does not say how large they are to be.`,
        'Give pixels in the recipe.',
      )
    tell('packing the pictures', 0, 1)
    await makePack(folder, packed, pixels, signal)
  }
  return openPack(packed, closing)
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  )
