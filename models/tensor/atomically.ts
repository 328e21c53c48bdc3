import { randomBytes } from 'node:crypto'
import { type FileHandle, open, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { UserError } from '../errors.ts'
import { pathError } from './safetensors/open.ts'

/**
 * Writes a file that appears whole or not at all: under a temporary name, synced and renamed.
 * @throws UserError where it cannot be written; nothing is left behind
 */
export async function writeAtomically(path: string, write: (handle: FileHandle) => Promise<void>): Promise<void> {
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.part`)
  try {
    const handle = await open(temporary, 'wx')
    try {
      await write(handle)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error instanceof UserError ? error : isAbort(error) ? error : pathError(path, error, 'written')
  }
}

export const writeText = (path: string, text: string): Promise<void> =>
  writeAtomically(path, handle => handle.writeFile(text))

const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'
