import { writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { openHttp } from '../../../main/hosts/http/server.ts'
import { exchange, type Host, logIn, logTo, openHost, temporary } from './studio.ts'

interface Answer {
  readonly status: number | undefined
  readonly body: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
}

/** A request whose path, Host and other headers go out exactly as they are given. */
function raw(host: Host, path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: host.http.port, path, method, headers }, answer => {
      let body = ''
      answer.on('data', part => (body += part))
      answer.on('end', () => resolve({ status: answer.statusCode, body, headers: answer.headers }))
    })
    asked.on('error', reject)
    asked.end()
  })
}

const page = { accept: 'text/html,*/*' }

describe('the link', () => {
  it('opens one session and is then used; the next link is told of', async () => {
    const host = await openHost()
    const link = host.http.link()
    const first = await exchange(link)
    expect(first.status).toBe(204)
    const cookie = first.headers.getSetCookie()[0]
    expect(cookie).toMatch(new RegExp(`^cicerone_${host.http.port}=[\\w-]{43};`))
    expect(cookie).toMatch(/HttpOnly/)
    expect(cookie).toMatch(/SameSite=Strict/)
    const second = await exchange(link)
    expect(second.status).toBe(403)
    expect(second.headers.getSetCookie()).toEqual([])
    expect(host.links).toEqual([host.http.link()])
    expect(host.http.link()).not.toBe(link)
    expect((await exchange(host.http.link())).status).toBe(204)
  })

  it('keeps its token out of what is requested', async () => {
    const host = await openHost()
    const { pathname, search, hash } = new URL(host.http.link())
    expect([pathname, search]).toEqual(['/open', ''])
    expect(hash.length).toBeGreaterThan(40)
  })

  it.each(['', 'x', 'A'.repeat(43), 'A'.repeat(300)])('is refused with the token %j', async token => {
    const host = await openHost()
    const { status } = await exchange(`${host.base}/open#${token}`)
    expect([403, 413]).toContain(status)
    expect(host.links).toEqual([])
  })

  it('leaves a session that lasts over reloads', async () => {
    const host = await openHost()
    const cookie = await logIn(host)
    for (let again = 0; again < 3; again++) {
      const answer = await fetch(host.base, { headers: { ...page, cookie } })
      expect(answer.status).toBe(200)
      expect(await answer.text()).toContain('<title>window</title>')
    }
  })
})

describe('without a session', () => {
  it.each(['/pictures/7', '/thumbnails/7', '/model-previews/demo', '/run/mine/cfg-1.png', '/session', '/api'])(
    '%s is refused',
    async path => {
      const host = await openHost()
      const cookies = [undefined, `cicerone_${host.http.port}=`, `cicerone_${host.http.port}=${'A'.repeat(43)}`]
      for (const cookie of cookies) {
        const { status, body } = await raw(host, path, cookie === undefined ? {} : { cookie })
        expect(status).toBe(401)
        expect(JSON.parse(body)).toEqual({ error: 'Open the link that the studio printed.', hint: '' })
      }
    },
  )

  it('an upload is refused', async () => {
    const host = await openHost()
    const answer = await fetch(`${host.base}/uploads/a`, { method: 'POST', body: 'x', headers: { origin: host.base } })
    expect(answer.status).toBe(401)
  })

  it('the window is a page that says what to do', async () => {
    const answer = await fetch((await openHost()).base, { headers: page })
    expect(answer.status).toBe(401)
    expect(await answer.text()).toContain('Open the link that the studio printed')
  })
})

describe('another name or origin', () => {
  it.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil:1',
    '192.168.0.2',
    '127.0.0.1@x',
  ])('Host %j is refused, also with a session', async name => {
    const host = await openHost()
    const { status, body } = await raw(host, '/pictures/7', { host: name, cookie: await logIn(host) })
    expect([400, 403]).toContain(status)
    expect(body).not.toContain('PNG')
  })

  it.each(['127.0.0.1', 'localhost', '[::1]'])('Host %s is this computer, on any port of a tunnel', async name => {
    const host = await openHost()
    const cookie = await logIn(host)
    expect((await raw(host, '/session', { host: `${name}:9999`, cookie })).status).toBe(204)
  })

  it.each(['http://evil.example', 'null', 'http://127.0.0.1:1', 'https://127.0.0.1', ''])(
    'Origin %j may send nothing',
    async origin => {
      const host = await openHost()
      const cookie = await logIn(host)
      const { status } = await raw(host, '/uploads/a', { cookie, origin }, 'POST')
      expect(status).toBe(403)
      expect((await exchange(host.http.link(), { origin })).status).toBe(403)
    },
  )
})

describe('headers', () => {
  it.each(['/', '/open', '/open.js', '/pictures/7', '/pictures/8', '/nothing', '/session'])(
    'of %s are strict',
    async path => {
      const host = await openHost()
      const { headers } = await raw(host, path, { cookie: await logIn(host), host: `127.0.0.1:${host.http.port}` })
      const policy = String(headers['content-security-policy'])
      expect(policy).toContain("default-src 'none'")
      expect(policy).not.toContain('unsafe')
      expect(policy).toContain(`ws://127.0.0.1:${host.http.port}`)
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      })
      expect(headers['access-control-allow-origin']).toBeUndefined()
    },
  )
})

describe('pictures', () => {
  it('go by number, and again only when they have changed', async () => {
    const host = await openHost()
    const cookie = await logIn(host)
    for (const path of ['/pictures/7', '/thumbnails/7', '/model-previews/demo', '/run/mine/cfg-1.png']) {
      const answer = await fetch(host.base + path, { headers: { cookie } })
      expect(answer.status).toBe(200)
      expect(answer.headers.get('content-type')).toBe('image/png')
      expect(Buffer.from(await answer.arrayBuffer()).toString('latin1')).toContain('PNG')
      const etag = answer.headers.get('etag') ?? ''
      const again = await raw(host, path, { cookie, 'if-none-match': etag })
      expect([again.status, again.body]).toEqual([304, ''])
    }
  })

  it('the browser keeps a thumbnail for good whose address tells its bytes, and no other picture', async () => {
    const folder = await temporary()
    const thumbnail = join(folder, 'a.webp')
    await writeFile(thumbnail, 'RIFF')
    const asked: unknown[] = []
    const find = async (id: number, size?: number) => {
      asked.push([id, size])
      return size === undefined || size === 5 ? thumbnail : undefined
    }
    const host = await openHost({}, { gallery: { file: find, thumbnail: find } })
    const cookie = await logIn(host)
    const kept = async (path: string) => (await raw(host, path, { cookie })).headers['cache-control']
    expect(await kept('/thumbnails/7?size=5')).toBe('private, max-age=31536000, immutable')
    expect(await kept('/thumbnails/7')).toBe('private, no-cache')
    expect(await kept('/pictures/7?size=5')).toBe('private, no-cache')
    for (const size of ['6', '', 'x', '-5', '5.5', '../5']) {
      const { status, headers } = await raw(host, `/thumbnails/7?size=${size}`, { cookie })
      expect([status, headers['cache-control']]).toEqual([404, undefined])
    }
    expect(asked.slice(0, 2)).toEqual([
      [7, 5],
      [7, undefined],
    ])
  })

  it.each([
    '/pictures/8',
    '/pictures/-1',
    '/pictures/7.5',
    '/pictures/0x7',
    '/pictures/7/..',
    '/pictures/../secret.json',
    '/pictures/%2e%2e%2fsecret.json',
    '/pictures/99999999999999999999',
    '/pictures/9999999999999999',
    '/thumbnails/a.png',
    '/model-previews/..%2fsecret.json',
    '/model-previews/%00',
    '/model-previews/%zz',
    // What is no picture is not sent, even where the library names it.
    '/model-previews/odd',
    '/run/other/cfg-1.png',
    '/run/..%2f..%2fetc/passwd',
    '/../secret.json',
    '/%2e%2e/secret.json',
    '/assets/../secret.json',
    '/assets/..%2f..%2f..%2fetc/passwd',
    '//etc/passwd',
    '/..\\secret.json',
  ])('%s is not there', async path => {
    const host = await openHost()
    const { status, body } = await raw(host, path, { cookie: await logIn(host) })
    expect([400, 404]).toContain(status)
    expect(body).not.toMatch(/root:|^\{\}$/)
  })
})

it('says nothing of a picture that a window no longer wants', async () => {
  const folder = await temporary()
  const large = join(folder, 'large.png')
  await writeFile(large, new Uint8Array(50 * 2 ** 20))
  const find = async () => large
  const host = await openHost({}, { gallery: { file: find, thumbnail: find } })
  const cookie = await logIn(host)
  const said = [vi.spyOn(console, 'info'), vi.spyOn(console, 'log'), vi.spyOn(console, 'error')]
  for (let again = 0; again < 5; again++) {
    const controller = new AbortController()
    const answer = await fetch(`${host.base}/pictures/1`, { headers: { cookie }, signal: controller.signal })
    await answer.body?.getReader().read()
    controller.abort()
  }
  await new Promise(resolve => setTimeout(resolve, 100))
  expect((await raw(host, '/session', { cookie })).status).toBe(204)
  for (const spy of said) expect(spy).not.toHaveBeenCalled()
  expect(host.log).toEqual([])
})

describe('the window', () => {
  it('answers any page address with its one page, and files with themselves', async () => {
    const host = await openHost()
    const cookie = await logIn(host)
    const deep = await raw(host, '/gallery/5', { cookie, ...page })
    expect([deep.status, deep.body]).toEqual([200, expect.stringContaining('<title>window</title>')])
    const icon = await raw(host, '/icon.svg', { cookie })
    expect(icon.headers['content-type']).toMatch(/^image\/svg\+xml/)
    expect((await raw(host, '/missing.js', { cookie })).status).toBe(404)
  })
})

describe('the port', () => {
  it('of another program is refused in one sentence', async () => {
    const { http, data } = await openHost()
    const { services, events } = { services: {} as never, events: { listen: () => () => {} } as never }
    const app = { services, events, gallery: {} as never, library: {} as never, inputs: {} as never, runs: {} as never }
    const second = openHttp({ app, data, renderer: data, log: logTo([]), port: http.port })
    await expect(second).rejects.toMatchObject({
      name: 'UserError',
      message: `The port ${http.port} cannot be used: another program has it.`,
    })
  })
})
