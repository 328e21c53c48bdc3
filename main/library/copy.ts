import { constants } from 'node:fs'
import { copyFile, link, mkdir, open, readdir, rename, rm, statfs, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../../models/errors.ts'
import { sizeText } from '../../models/tensor/safetensors/size-text.ts'
import { isAlive } from '../alive.ts'

export interface CopyOptions {
  readonly signal?: AbortSignal | undefined
  /** Told the bytes of each piece. */
  readonly onBytes?: ((bytes: number) => void) | undefined
}

/** A name for what is not whole yet; it says whose it is, so that what a dead process left can be cleared away. */
export const temporaryName = (): string => `.cicerone-${process.pid}-${crypto.randomUUID()}.part`

/** Throws one sentence where a disk has too little room. */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize >= bytes) return
  throw new UserError(
    `There is too little space for this model: it takes ${sizeText(bytes)}, and ${sizeText(bavail * bsize)} are free.`,
    'Free some space, or link it or use it where it is.',
  )
}

/**
 * Copies a file to a name that does not exist yet, synced, with its modification time. Where the file system can share
 * the bytes of two files it does; nothing is written twice then. What cannot be finished leaves nothing behind.
 */
export async function copyWhole(from: string, to: string, { signal, onBytes }: CopyOptions): Promise<void> {
  const source = await open(from, 'r')
  try {
    const { size, atimeMs, mtimeMs } = await source.stat()
    const cloned = await copyFile(from, to, constants.COPYFILE_FICLONE_FORCE | constants.COPYFILE_EXCL)
      .then(() => true)
      .catch(() => false)
    if (cloned) {
      onBytes?.(size)
    } else {
      await rm(to, { force: true })
      const target = await open(to, 'wx')
      try {
        for await (const piece of source.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
          signal?.throwIfAborted()
          await target.writeFile(piece)
          onBytes?.(piece.length)
        }
        await target.sync()
      } finally {
        await target.close()
      }
    }
    await utimes(to, atimeMs / 1000, mtimeMs / 1000)
    const after = await source.stat()
    if (after.size !== size || after.mtimeMs !== mtimeMs)
      throw new UserError(`${from} changed while it was copied.`, 'Import it again when it is whole.')
  } catch (error) {
    await rm(to, { force: true })
    throw error
  } finally {
    await source.close()
  }
}

/** Gives a finished file or folder its name. Never replaces anything: throws EEXIST where something has the name. */
export async function settle(temporary: string, to: string): Promise<void> {
  try {
    // A link fails where the name is taken; a rename would replace what has it.
    await link(temporary, to)
    await rm(temporary)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') throw error
    // Folders cannot be linked, and some file systems know no links.
    await rename(temporary, to)
  }
  await syncFolder(dirname(to))
}

/** A renaming is safe on disk once its folder is. Not every system can do that, and none must. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r').catch(() => undefined)
  await folder?.sync().catch(() => undefined)
  await folder?.close()
}

/** Clears away what processes that have ended left unfinished in a folder. */
export async function clearTemporary(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const pid = /^\.cicerone-(\d+)-[\w-]+\.part$/.exec(name)?.[1]
    if (pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid)))
      await rm(join(folder, name), { recursive: true, force: true })
  }
}

/** The system's code of an error, `ENOENT`; empty where it has none. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

const reasons: Readonly<Record<string, [why: string, hint: string]>> = {
  ENOSPC: ['the disk is full', 'Free some space, or link it or use it where it is.'],
  EDQUOT: ['your share of the disk is used up', 'Free some space, or link it or use it where it is.'],
  EACCES: ['writing there is not allowed', 'Use it where it is, or choose another data folder.'],
  EPERM: ['writing there is not allowed', 'Use it where it is, or choose another data folder.'],
  EROFS: ['the disk is read-only', 'Use it where it is, or choose another data folder.'],
  ENOTDIR: ['a part of the path is a file, not a folder', 'Choose another data folder.'],
  EEXIST: ['a part of the path is a file, not a folder', 'Choose another data folder.'],
  ENAMETOOLONG: ['the name is too long', 'Give the file a shorter name.'],
}

/** The sentence for what the system says when the library cannot be written to. */
export function understood(folder: string, cause: unknown): unknown {
  if (cause instanceof UserError || codeOf(cause) === '') return cause
  const [why, hint] = reasons[codeOf(cause)] ?? [`the system says ${codeOf(cause)}`, '']
  return new UserError(`Nothing can be put into ${folder}: ${why}.`, hint, { cause })
}

/** Makes a folder; throws one sentence where that cannot be done. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true }).catch((error: unknown) => {
    throw understood(path, error)
  })
}
