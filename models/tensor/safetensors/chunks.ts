import { UserError } from '../../errors.ts'
import { bytesPerElement } from '../dtype.ts'
import type { TensorEntry } from '../entry.ts'
import { readAt, withFile } from './open.ts'

/** Bytes read at a time; a multiple of every element size. */
const chunkBytes = 4 << 20

/**
 * Hands a tensor's bytes to `use` piece by piece, in order, whole elements only.
 * The piece is one buffer that is used again: copy what should outlive the call. It begins at byte 0 of its buffer.
 * Returning `false` ends the reading.
 * @throws UserError where the file has become shorter than its header said
 */
export const eachChunk = (
  entry: TensorEntry,
  use: (bytes: Uint8Array<ArrayBuffer>, firstElement: number) => boolean | undefined,
): Promise<void> =>
  withFile(entry.file, async ({ handle }) => {
    const buffer = new Uint8Array(Math.min(chunkBytes, entry.bytes))
    for (let done = 0; done < entry.bytes; done += buffer.length) {
      const bytes = buffer.subarray(0, Math.min(buffer.length, entry.bytes - done))
      if ((await readAt(handle, bytes, entry.offset + done)) < bytes.length) {
        throw new UserError(`The file ${entry.file} changed while it was being read: tensor ${entry.key} is cut short.`)
      }
      if (use(bytes, done / bytesPerElement[entry.dtype]) === false) return
    }
  })
