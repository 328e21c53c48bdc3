import { promisify } from 'node:util'
import { inflate } from 'node:zlib'

const inflated = promisify(inflate)

/** A text as it stands in a picture. */
interface PngText {
  readonly keyword: string
  /** Nothing where it is damaged. */
  readonly text?: string
  /** Bytes that it takes unpacked; of a damaged one, what it may have taken. */
  readonly size: number
}

/** Deflate packs 1032 bytes into one at best. */
const densest = 1032

/** Whether a chunk of this type holds a text. */
export const isTextChunk = (type: string): boolean => ['tEXt', 'zTXt', 'iTXt'].includes(type)

/**
 * The chunk for a text: tEXt where Latin-1 has every character, else iTXt (UTF-8, neither packed nor translated).
 * The keyword is 1..79 characters of Latin-1. PNG knows no zero byte in a text; it is replaced.
 */
export function encodeText(keyword: string, text: string): { type: string; data: Buffer } {
  const safe = text.replaceAll('\0', '\uFFFD')
  // biome-ignore lint/suspicious/noControlCharactersInRegex: all of Latin-1 is meant
  if (/^[\x01-\xff]*$/.test(safe)) return { type: 'tEXt', data: Buffer.from(`${keyword}\0${safe}`, 'latin1') }
  return { type: 'iTXt', data: Buffer.concat([Buffer.from(`${keyword}\0\0\0\0\0`, 'latin1'), Buffer.from(safe)]) }
}

/** Reads the data of a text chunk. `room`: most bytes that it may take unpacked. */
export async function decodeText(type: string, data: Buffer, room: number): Promise<PngText | 'too long'> {
  const [key, content] = cut(data)
  const keyword = key.toString('latin1')
  const found = content && contentOf(type, content)
  if (!found || keyword === '') return { keyword, size: 0 }
  const { packed, encoding, body } = found
  if (!packed) return { keyword, text: body.toString(encoding), size: body.length }
  try {
    const bytes = await inflated(body, { maxOutputLength: Math.max(1, room) })
    return { keyword, text: bytes.toString(encoding), size: bytes.length }
  } catch (error) {
    return isTooLong(error) ? 'too long' : { keyword, size: body.length * densest }
  }
}

interface Content {
  readonly packed: boolean
  readonly encoding: 'latin1' | 'utf8'
  readonly body: Buffer
}

/**
 * What follows the keyword: in zTXt the method of packing (0), in iTXt whether it is packed, the method, and the
 * language and the translated keyword, each ended by a zero byte. Nothing where one of those is missing.
 */
function contentOf(type: string, content: Buffer): Content | undefined {
  if (type === 'tEXt') return { packed: false, encoding: 'latin1', body: content }
  if (type === 'zTXt') return { packed: true, encoding: 'latin1', body: content.subarray(1) }
  const [, afterLanguage] = cut(content.subarray(2))
  const [, body] = afterLanguage ? cut(afterLanguage) : []
  return body && { packed: content[0] === 1, encoding: 'utf8', body }
}

/** What lies before and behind the first zero byte. */
function cut(data: Buffer): [Buffer, Buffer?] {
  const zero = data.indexOf(0)
  return zero < 0 ? [data] : [data.subarray(0, zero), data.subarray(zero + 1)]
}

function isTooLong(error: unknown): boolean {
  return error instanceof RangeError && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
