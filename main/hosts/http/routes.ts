import { join } from 'node:path'
import { type HttpBindings, upgradeWebSocket } from '@hono/node-server'
import { serveStatic } from '@hono/node-server/serve-static'
import { type Context, Hono } from 'hono'
import { bodyLimit } from 'hono/body-limit'
import { getCookie, setCookie } from 'hono/cookie'
import { createMiddleware } from 'hono/factory'
import type { Logger } from 'pino'
import { understood } from '../dispatch.ts'
import { guard } from './guard.ts'
import type { Hosted } from './hosted.ts'
import { closedPage, openPage, openScript } from './pages.ts'
import { pictures } from './pictures.ts'
import { refuse } from './refuse.ts'
import type { Sessions } from './sessions.ts'
import { mostHeader, parts, plainName, room, sizeOf } from './uploads.ts'

export interface RouteOptions {
  readonly app: Hosted
  /** Where uploads are written: its disk's room is their limit. */
  readonly data: string
  /** The built window. */
  readonly renderer: string
  readonly log: Logger
  readonly sessions: Sessions
  /** Browsers keep one jar of cookies for all ports of an address: each studio needs its own name. */
  readonly cookie: () => string
  /** Called when the link has been used and another stands. */
  readonly onOpened: () => void
}

type Env = { Bindings: HttpBindings }
const smallBody = bodyLimit({ maxSize: 200, onError: c => refuse(c, 413, 'This is no token of the studio.') })
const day = 24 * 60 * 60

/** Everything that the browser host answers. Pictures go by number, never by path. */
export function routes({ app, data, renderer, log, sessions, cookie, onOpened }: RouteOptions): Hono<Env> {
  const http = new Hono<Env>()
  const known = (c: Context): boolean => sessions.has(getCookie(c, cookie()))
  const session = createMiddleware((c, next) =>
    known(c) ? next() : Promise.resolve(refuse(c, 401, 'Open the link that the studio printed.')),
  )

  http.use(guard)
  http.onError((error, c) => refuse(c, 500, ...sentence(error)))
  const sentence = (error: unknown): [string, string] => {
    const { message, hint } = understood(error, err => log.error({ err }, 'A request failed'))
    return [message, hint]
  }

  http.get('/open', c => c.html(openPage))
  http.get('/open.js', c => c.text(openScript, 200, { 'content-type': 'text/javascript; charset=utf-8' }))
  http.get('/session', session, c => c.body(null, 204))
  http.post('/session', smallBody, async c => {
    const key = sessions.open(await c.req.text())
    if (key === undefined)
      return refuse(c, 403, 'This link has been used.', 'Open the link that the studio printed last.')
    setCookie(c, cookie(), key, { httpOnly: true, sameSite: 'Strict', path: '/', maxAge: 30 * day })
    onOpened()
    return c.body(null, 204)
  })

  http.get(
    '/api',
    session,
    upgradeWebSocket(() => ({})),
  )
  for (const path of ['/pictures/*', '/thumbnails/*', '/model-previews/*', '/run/*', '/inputs/*'])
    http.use(path, session)
  http.route('/', pictures(app))
  type Take = (c: Context<Env>, name: string) => Promise<object>
  const takes = (refused: 200 | 422, take: Take) => async (c: Context<Env, '/:name'>) => {
    const name = plainName(c.req.param('name'))
    if (name === undefined) return refuse(c, 400, 'This is no name of a file.', 'Rename it and drop it again.')
    try {
      return c.json(await take(c, name))
    } catch (error) {
      return refuse(c, refused, ...sentence(error))
    }
  }
  http.post(
    '/uploads/:name',
    session,
    takes(422, async (c, name) => app.library.uploads.receive(name, parts(c.env.incoming, await room(data)))),
  )
  // The header of a file is enough to say what it is: the rest is sent once the person wants it. That a file is no model
  // is an answer, and nothing that a browser should write to its console as a failure.
  http.post(
    '/headers/:name',
    session,
    takes(200, async (c, name) => {
      const limit = Math.min(mostHeader, await room(data, true))
      return app.library.inspectStart({ name, size: sizeOf(c.req.query('size')) }, parts(c.env.incoming, limit))
    }),
  )

  http.use(
    '/assets/*',
    serveStatic({
      root: renderer,
      onFound: (_, c) => c.header('cache-control', 'public, max-age=31536000, immutable'),
    }),
  )
  const window = serveStatic({ root: renderer, onFound: (_, c) => c.header('cache-control', 'no-cache') })
  const index = serveStatic({
    path: join(renderer, 'index.html'),
    onFound: (_, c) => c.header('cache-control', 'no-cache'),
  })
  http.get('*', (c, next) => {
    const asksPage = c.req.header('accept')?.includes('text/html') === true || c.req.path === '/'
    if (!asksPage) return window(c, next)
    return known(c) ? index(c, next) : Promise.resolve(c.html(closedPage, 401))
  })
  http.notFound(c => refuse(c, 404, 'There is nothing here.'))
  return http
}
