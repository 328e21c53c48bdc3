import { createHash, randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { type IncomingMessage, request } from 'node:http'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { parts, plainName } from '../../../main/hosts/http/uploads.ts'
import { Uploads } from '../../../main/library/uploads.ts'
import { UserError } from '../../../models/errors.ts'
import type { ModelSheet } from '../../../preload/contract/models.ts'
import { type Host, logIn, openHost, temporary } from './studio.ts'

/** Bytes that the disk has left, where a test says it. */
const disk = vi.hoisted<{ free: number | undefined }>(() => ({ free: undefined }))
afterEach(() => {
  disk.free = undefined
})
vi.mock('node:fs/promises', async original => {
  const real = await original<typeof import('node:fs/promises')>()
  const statfs = async (path: string) => {
    const { bsize, bavail } = await real.statfs(path)
    return { bsize, bavail: disk.free === undefined ? bavail : disk.free / bsize }
  }
  return { ...real, statfs }
})

const sheet: ModelSheet = {
  ...{ name: 'a', kind: 'base', architecture: 'sd1', dtype: 'f16', parameters: 1, size: 2, predictionType: 'epsilon' },
  ...{ predictionSure: true, usable: true, problem: null, hint: null, target: 'a.safetensors', ways: ['copy'] },
}

/** A host that keeps uploads in a folder as the library does, and tells how the last one ended. */
async function open(): Promise<{
  host: Host
  cookie: string
  folder: string
  uploads: Uploads
  ended: Promise<unknown>
}> {
  const folder = await temporary()
  const uploads = new Uploads(folder)
  const { promise: ended, resolve } = Promise.withResolvers<unknown>()
  const receive = (name: string, body: AsyncIterable<Uint8Array>) => {
    const received = uploads.receive(name, body)
    received.then(() => resolve(undefined), resolve)
    return received
  }
  const nothing = async () => undefined
  const inspectStart = async () => sheet
  const host = await openHost({}, { library: { previewFile: nothing, inspectStart, uploads: { receive } } })
  return { host, cookie: await logIn(host), folder, uploads, ended }
}

const send = (host: Host, cookie: string, name: string, body: Uint8Array<ArrayBuffer>) =>
  fetch(`${host.base}/uploads/${encodeURIComponent(name)}`, {
    method: 'POST',
    body,
    headers: { cookie, origin: host.base },
  })

describe('an upload', () => {
  it('arrives as it was sent', async () => {
    const { host, cookie, uploads } = await open()
    const bytes = new Uint8Array(randomBytes(20 * 2 ** 20))
    const answer = await send(host, cookie, 'Mödel (1).safetensors', bytes)
    expect(answer.status).toBe(200)
    const path = await uploads.path(((await answer.json()) as { upload: string }).upload)
    expect(basename(path)).toBe('Mödel (1).safetensors')
    const hash = (data: Uint8Array) => createHash('sha256').update(data).digest('hex')
    expect(hash(await readFile(path))).toBe(hash(bytes))
  })

  it('leaves nothing where the sender goes away', async () => {
    const { host, cookie, folder, ended } = await open()
    const headers = { cookie, origin: host.base, 'content-length': String(2 ** 30) }
    const asked = request(`${host.base}/uploads/big`, { method: 'POST', headers })
    asked.on('error', () => {})
    asked.write(Buffer.alloc(2 ** 20))
    while ((await readdir(folder)).length === 0) await new Promise(resolve => setTimeout(resolve, 10))
    asked.destroy()
    expect(await ended).toBeInstanceOf(Error)
    expect(await readdir(folder)).toEqual([])
    expect(host.log.join()).not.toContain('A request failed')
  })

  it('larger than the disk is refused before a byte is kept', async () => {
    const { host, cookie, folder } = await open()
    const headers = { cookie, origin: host.base, 'content-length': String(2 ** 52) }
    const answer = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      const asked = request(`${host.base}/uploads/big`, { method: 'POST', headers }, got => {
        let body = ''
        got.on('data', part => (body += part))
        got.on('end', () => resolve({ status: got.statusCode, body }))
      })
      asked.on('error', reject)
      asked.write('x')
    })
    expect(answer.status).toBe(422)
    expect(JSON.parse(answer.body).error).toMatch(/^The file is too large for the disk: 4194304.0 GiB/)
    expect(await readdir(folder)).toEqual([])
  })

  it('that says no length is stopped at the limit', async () => {
    const incoming = Object.assign(Readable.from(Array(10).fill(new Uint8Array(1000))), { headers: {}, complete: true })
    let taken = 0
    const all = (async () => {
      for await (const part of parts(incoming as unknown as IncomingMessage, 5000)) taken += part.length
    })()
    await expect(all).rejects.toBeInstanceOf(UserError)
    expect(taken).toBe(5000)
    expect(incoming.destroyed).toBe(false)
  })

  it.each(['..', '.', ' ', '../a', 'a/b', 'a\\b', '/etc/passwd', 'a\u0000b', 'a\nb', 'x'.repeat(201), 'ü'.repeat(101)])(
    'named %j is refused',
    async name => {
      const { host, cookie, folder } = await open()
      const answer = await send(host, cookie, name, new Uint8Array(1))
      expect([400, 404]).toContain(answer.status)
      expect(await readdir(folder)).toEqual([])
    },
  )

  it('has a name that stays in its folder, or none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.string()), name => {
        const plain = plainName(name)
        if (plain !== undefined) expect(join('/folder', plain)).toBe(`/folder/${plain}`)
      }),
    )
  })
})

describe('a header', () => {
  const post = (host: Host, path: string, headers: Record<string, string>) =>
    fetch(`${host.base}/headers/${path}`, { method: 'POST', body: 'x', headers: { origin: host.base, ...headers } })

  it('is answered with what the file is', async () => {
    const { host, cookie, folder } = await open()
    const answer = await post(host, 'a.safetensors?size=2', { cookie })
    expect([answer.status, await answer.json()]).toEqual([200, sheet])
    expect((await post(host, 'a.safetensors?size=2', {})).status).toBe(401)
    expect((await post(host, '..%2Fa?size=2', { cookie })).status).toBe(400)
    expect(await readdir(folder)).toEqual([])
  })

  it('is taken where there is no room for the file itself', async () => {
    const { host, cookie } = await open()
    disk.free = 200 * 2 ** 20
    const answer = await post(host, 'a.safetensors?size=2', { cookie })
    expect(await answer.json()).toEqual(sheet)
    const refused = await send(host, cookie, 'a.safetensors', new Uint8Array(1))
    expect([refused.status, await refused.json()]).toMatchObject([422, { error: expect.stringContaining('too large') }])
  })

  it.each(['', '?size=', '?size=-1', '?size=1.5', '?size=x', '?size=1e300', '?size=Infinity'])(
    'of a file of the size %j is refused',
    async size => {
      const { host, cookie } = await open()
      const answer = await post(host, `a.safetensors${size}`, { cookie })
      expect(await answer.json()).toMatchObject({ error: 'This is no size of a file.' })
    },
  )
})
