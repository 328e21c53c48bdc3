import { statfs } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { UserError } from '../../../models/errors.ts'
import { headerCap } from '../../../models/tensor/safetensors/header.ts'

/** Bytes that are left to the system and to the pictures. */
const spare = 256 * 2 ** 20

/** The largest header of a safetensors file that is read, and its length before it. */
export const mostHeader = headerCap + 8

/** A file's size as a browser says it, in bytes. Throws UserError where it is none. */
export function sizeOf(text: string | undefined): number {
  const size = Number(text || Number.NaN)
  if (Number.isSafeInteger(size) && size >= 0 && size <= 2 ** 44) return size
  throw new UserError('This is no size of a file.', 'Drop the file again.')
}

/** How many bytes may still be written below `folder`, for good; `passing` for what is gone again at once. */
export async function room(folder: string, passing = false): Promise<number> {
  const { bavail, bsize } = await statfs(folder)
  return Math.max(0, bavail * bsize - (passing ? 0 : spare))
}

/** A name without any folder in it; undefined for anything that is more or less than a file's name. */
export function plainName(name: string): string | undefined {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  const hostile = /[/\\\u0000-\u001f\u007f]/.test(name) || /^[. ]*$/.test(name) || Buffer.byteLength(name) > 200
  return hostile ? undefined : name
}

/** The parts of a request's body as they come; the sender waits while they are not taken. */
export async function* parts(request: IncomingMessage, limit: number): AsyncGenerator<Uint8Array> {
  const announced = Number(request.headers['content-length'] ?? 0)
  if (announced > limit) throw tooLarge(announced, limit)
  let size = 0
  try {
    // Left whole where it is not taken to its end, so that the sender can still be told why.
    for await (const part of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) {
      size += part.length
      if (size > limit) throw tooLarge(size, limit)
      yield part
    }
  } catch (error) {
    // The sender went away.
    if (request.destroyed && !request.complete) throw new UserError('The file did not arrive whole.', 'Send it again.')
    throw error
  }
}

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`

const tooLarge = (size: number, limit: number): UserError =>
  new UserError(
    `The file is too large for the disk: ${gib(size)}, and there is room for ${gib(limit)}.`,
    'Make room, or use the file where it lies: add its folder under Models.',
  )
