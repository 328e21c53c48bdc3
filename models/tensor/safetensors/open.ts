import { constants, type FileHandle, open, realpath } from 'node:fs/promises'
import { UserError } from '../../errors.ts'

/** A file that is open for reading by ranges. */
export interface OpenFile {
  /** Absolute path with every link resolved: what the runtime accepts. */
  readonly file: string
  readonly handle: FileHandle
  /** Bytes in the file. */
  readonly size: number
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  ENOTDIR: 'does not exist',
  ELOOP: 'is a link that leads back to itself',
  EACCES: 'may not be used by this user',
  EPERM: 'may not be used by this user',
  ENOSPC: 'does not fit: the disk is full',
  EISDIR: 'is a folder, not a file',
  ENAMETOOLONG: 'has a name that is too long',
}

/** The sentence for what the operating system says when `path` cannot be read (or written). */
export const pathError = (path: string, cause: unknown, wish: 'read' | 'written' = 'read'): UserError => {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return new UserError(`${path} ${reasons[code] ?? `cannot be ${wish} (${code || String(cause)})`}.`, '', { cause })
}

/**
 * Opens a regular file and hands it to `use`, and closes it whatever happens.
 * @throws UserError where there is no such file, it may not be read, or it is a folder, pipe or device.
 */
export const withFile = async <T>(path: string, use: (opened: OpenFile) => Promise<T>): Promise<T> => {
  const opened = await openFile(path)
  try {
    return await use(opened)
  } finally {
    await opened.handle.close()
  }
}

const openFile = async (path: string): Promise<OpenFile> => {
  try {
    const file = await realpath(path)
    // Without O_NONBLOCK a pipe that nobody writes to would be waited for.
    const handle = await open(file, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    const info = await handle.stat()
    if (info.isFile()) return { file, handle, size: info.size }
    await handle.close()
    throw new UserError(`${path} ${info.isDirectory() ? 'is a folder, not a file' : 'is not a regular file'}.`)
  } catch (error) {
    throw error instanceof UserError ? error : pathError(path, error)
  }
}

/**
 * Fills `into` from byte `position` on.
 * @returns how many bytes there were: fewer than asked for where the file ends.
 */
export const readAt = async (handle: FileHandle, into: Uint8Array, position: number): Promise<number> => {
  let done = 0
  while (done < into.byteLength) {
    const { bytesRead } = await handle.read(into, done, into.byteLength - done, position + done)
    if (bytesRead === 0) break
    done += bytesRead
  }
  return done
}
