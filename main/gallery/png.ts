import { type FileHandle, open, stat } from 'node:fs/promises'
import { crc32 } from 'node:zlib'
import sharp from 'sharp'
import { UserError } from '../../models/errors.ts'
import { decodeText, encodeText, isTextChunk } from './png-text.ts'

/** Pixels as [height, width, 3], 8 bits, red first. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8Array
}

const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1')
/** Length, type and checksum around the data of a chunk. */
const frame = 12
/** Where the chunk behind the header (IHDR, 13 bytes) begins. */
const headerEnd = signature.length + frame + 13

/** Most bytes of text that are read from one picture, as stored and as unpacked. */
const textLimit = 16 * 2 ** 20
/** libpng writes a chunk for every 8 KiB, which makes this 512 MB of picture. */
const chunkLimit = 65_536
const windowSize = 65_536

/**
 * A PNG of the picture with texts by keyword behind its header, as tEXt where Latin-1 suffices and as iTXt in UTF-8 elsewhere
 * (PNG, third edition, 11.3.3). The same picture and texts give the same bytes: neither time nor program is written.
 */
export async function encodePng(picture: Picture, texts: ReadonlyMap<string, string>): Promise<Uint8Array> {
  const { width, height, data } = picture
  const png = await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
  const chunks = Array.from(texts, ([keyword, text]) => chunkOf(encodeText(keyword, text)))
  return Buffer.concat([png.subarray(0, headerEnd), ...chunks, png.subarray(headerEnd)])
}

function chunkOf({ type, data }: { type: string; data: Buffer }): Buffer {
  const chunk = Buffer.alloc(frame + data.length)
  chunk.writeUInt32BE(data.length)
  chunk.write(type, 4, 'latin1')
  data.copy(chunk, 8)
  chunk.writeUInt32BE(crc32(chunk.subarray(4, -4)), chunk.length - 4)
  return chunk
}

/**
 * The texts of a PNG by keyword (tEXt, zTXt, iTXt; of a repeated keyword the last), without decoding the picture. Damaged
 * texts are left out, and a file that was cut off gives what came before. UserError: the file cannot be opened,
 * is not a PNG, or has more than 16 MiB of text or 65,536 chunks.
 */
export async function readPngText(path: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>()
  let room = textLimit
  for await (const { type, length, read } of chunksOf(path)) {
    if (!isTextChunk(type)) continue
    if (length > room) throw tooMuchText(path)
    const data = await read()
    const found = data && (await decodeText(type, data, room))
    if (found === 'too long') throw tooMuchText(path)
    room -= Math.max(length, found?.size ?? 0)
    if (found?.text !== undefined) texts.set(found.keyword, found.text)
  }
  return texts
}

const tooMuchText = (path: string): UserError =>
  new UserError(`${path} carries more than the ${textLimit} bytes of text that are read from a picture.`)

interface Chunk {
  readonly type: string
  readonly length: number
  /** The data; nothing where its checksum is wrong. */
  read(): Promise<Buffer | undefined>
}

/** Walks the chunks by their lengths; stops before one that reaches beyond the end of the file. */
async function* chunksOf(path: string): AsyncGenerator<Chunk> {
  const { file, size } = await opened(path)
  const bytes = windowed(file)
  try {
    if (!signature.equals(await bytes(0, signature.length))) throw notPng(path)
    let at = signature.length
    for (let count = 0; at + frame <= size; count++) {
      if (count === chunkLimit) throw new UserError(`${path} has more than ${chunkLimit} chunks and is not read.`)
      const head = await bytes(at, 8)
      const length = head.readUInt32BE()
      const type = head.toString('latin1', 4)
      if (type === 'IEND' || at + frame + length > size) return
      const data = at + 8
      yield { type, length, read: async () => checked(type, await bytes(data, length + 4)) }
      at += frame + length
    }
  } finally {
    await file.close()
  }
}

/** Reads ranges of a file from its begin to its end, shorter at the end; many small ones at a time. */
function windowed(file: FileHandle): (from: number, count: number) => Promise<Buffer> {
  let start = 0
  let held = Buffer.alloc(0)
  return async (from, count) => {
    if (from + count > start + held.length) {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.max(count, windowSize)), { position: from })
      start = from
      held = buffer.subarray(0, bytesRead)
    }
    return held.subarray(from - start, from - start + count)
  }
}

/** Opens a plain file; opening a pipe would wait for ever. */
async function opened(path: string): Promise<{ file: FileHandle; size: number }> {
  try {
    const found = await stat(path)
    if (!found.isFile()) throw notPng(path)
    return { file: await open(path), size: found.size }
  } catch (cause) {
    if (cause instanceof UserError) throw cause
    throw new UserError(`${path} cannot be opened.`, 'Check the path and whether you may read it.', { cause })
  }
}

const notPng = (path: string): UserError => new UserError(`${path} is not a PNG picture.`)

function checked(type: string, data: Buffer): Buffer | undefined {
  const content = data.subarray(0, -4)
  return crc32(content, crc32(type)) === data.readUInt32BE(content.length) ? content : undefined
}
