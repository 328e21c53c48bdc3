import { createReadStream } from 'node:fs'
import { readFile, stat } from 'node:fs/promises'
import { extname } from 'node:path'
import { Readable } from 'node:stream'
import type { Context } from 'hono'
import { refuse } from './refuse.ts'

/** Bytes. */
const small = 2 ** 18

/** Only pictures are ever sent this way. */
const types: Readonly<Record<string, string>> = {
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.jpg': 'image/jpeg',
  '.jpeg': 'image/jpeg',
  '.gif': 'image/gif',
}

/**
 * Sends a picture file. A number may mean another picture tomorrow (another data folder behind the same port, a
 * gallery that was rebuilt), so the browser keeps it but asks each time whether it is still the same; unless its address
 * says more than the number (`lasts`): then it never asks again.
 */
export async function sendPicture(c: Context, path: string | undefined, lasts = false): Promise<Response> {
  const type = types[extname(path ?? '').toLowerCase()]
  const info = path === undefined ? undefined : await stat(path).catch(() => undefined)
  if (path === undefined || type === undefined || !info?.isFile()) return refuse(c, 404, 'There is no such picture.')
  const etag = `"${info.size.toString(36)}-${Math.round(info.mtimeMs).toString(36)}"`
  c.header('etag', etag)
  c.header('cache-control', lasts ? 'private, max-age=31536000, immutable' : 'private, no-cache')
  if (c.req.header('if-none-match') === etag) return c.body(null, 304)
  c.header('content-type', type)
  c.header('content-length', String(info.size))
  if (c.req.method === 'HEAD') return c.body(null)
  // A small one goes twice as fast when it is read at once
  if (info.size <= small) return c.body(await readFile(path))
  return c.body(Readable.toWeb(createReadStream(path)) as ReadableStream)
}
