import { UserError } from '../../errors.ts'
import type { TensorEntry } from '../entry.ts'
import { checkLayout, parseTensor } from './entries.ts'
import { type OpenFile, readAt, withFile } from './open.ts'
import { refuseDeepNesting, refuseDuplicates } from './scan.ts'
import { sizeText } from './size-text.ts'
import { refuseOtherFormats, sniffBytes } from './sniff.ts'

/** The largest header that is read, in bytes: the limit that the format's own library sets. */
export const headerCap = 100_000_000
/** A stated header length above this was never written by a program: the bytes are something else. */
const absurdLength = 2 ** 40

/** What the header of a safetensors file says. */
export interface SafetensorsFile {
  /** Absolute path with links resolved. */
  readonly file: string
  /** Tensors by name, in the order of the header. */
  readonly entries: ReadonlyMap<string, TensorEntry>
  /** The `__metadata__` table; it has no prototype, so any name is only a name. */
  readonly metadata: Readonly<Record<string, string>>
  /** Where the tensors' bytes begin. */
  readonly dataStart: number
  /** Bytes in the file. */
  readonly size: number
}

/**
 * Reads and checks the header of a safetensors file: 8 bytes of little-endian length, JSON, tensors without gaps.
 * Only the header is read, whatever the size of the file; nothing is allocated by what the header claims.
 * @throws UserError with one sentence for everything that is wrong with the file
 */
export const readHeader = (path: string): Promise<SafetensorsFile> =>
  withFile(path, async opened => {
    const { file, size } = opened
    const dataStart = 8 + (await headerLength(path, opened))
    const table = parseHeader(await headerText(opened, dataStart))
    const entries = new Map<string, TensorEntry>()
    let metadata = parseMetadata({})
    for (const [key, value] of Object.entries(table)) {
      if (key === '__metadata__') metadata = parseMetadata(value)
      else entries.set(key, parseTensor({ file, dataStart, size }, key, value))
    }
    checkLayout([...entries.values()], dataStart, size)
    return { file, entries, metadata, dataStart, size }
  })

const headerLength = async (path: string, { handle, size }: OpenFile): Promise<number> => {
  if (size === 0) throw new UserError('The file is empty.', 'Download it again.')
  const start = new Uint8Array(Math.min(size, sniffBytes))
  await readAt(handle, start, 0)
  const length = size < 8 ? 0 : Number(new DataView(start.buffer).getBigUint64(0, true))
  // A header of 640 bytes begins like a pickle, so the first bytes speak only where they cannot be a header.
  const plausible = size > 8 && length <= headerCap && start[8] === 0x7b
  if (!plausible) refuseOtherFormats(path, start)
  if (size < 8) throw new UserError('The file is too short to be a safetensors file.', 'Download it again.')
  if (length > headerCap && length < absurdLength) {
    throw new UserError(`The stated header is ${sizeText(length)}, over the 100 MB that safetensors allows.`)
  }
  if (length > headerCap) {
    throw new UserError(
      'The header length is larger than the file; this is not a safetensors file or it is damaged.',
      'Download it again.',
    )
  }
  if (length > size - 8) throw new UserError('The file ends inside its header; download it again.')
  return length
}

const headerText = async ({ handle }: OpenFile, dataStart: number): Promise<string> => {
  const bytes = new Uint8Array(dataStart - 8)
  if ((await readAt(handle, bytes, 8)) < bytes.length) {
    throw new UserError('The file ends inside its header; download it again.')
  }
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch (cause) {
    throw new UserError('The header is not valid text.', 'Download the file again.', { cause })
  }
}

const parseHeader = (text: string): object => {
  refuseDeepNesting(text)
  const value = parseJson(text)
  if (!isTable(value)) throw new UserError('The header is not a table of tensors.')
  refuseDuplicates(text)
  return value
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new UserError('The header is not valid JSON.', 'Download the file again.', { cause })
  }
}

const isTable = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const parseMetadata = (value: unknown): Record<string, string> => {
  if (!isTable(value)) throw new UserError('The metadata of the header is not a table of texts.')
  const metadata: Record<string, string> = Object.create(null)
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== 'string') throw new UserError(`The metadata entry ${name} of the header is not a text.`)
    metadata[name] = text
  }
  return metadata
}
