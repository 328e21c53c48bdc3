import { serveStatic } from '@hono/node-server/serve-static'
import type * as Electron from 'electron'
import { Hono } from 'hono'
import type { Logger } from 'pino'
import { headers, policy } from '../http/guard.ts'
import type { PictureFiles } from '../http/hosted.ts'
import { pictures } from '../http/pictures.ts'
import { refuse } from '../http/refuse.ts'

const scheme = 'cicerone'

/** The only pages that this window ever shows. */
export const origin = `${scheme}://studio`

/** Makes the scheme behave like https; only possible before Electron is ready. */
export function registerScheme({ protocol }: Pick<typeof Electron, 'protocol'>): void {
  const privileges = { standard: true, secure: true, supportFetchAPI: true, stream: true, codeCache: true }
  protocol.registerSchemesAsPrivileged([{ scheme, privileges }])
}

/** Answers what the window asks for: its own files, and pictures by number. */
export function serveWindow(
  { protocol }: Pick<typeof Electron, 'protocol'>,
  app: PictureFiles,
  window: string,
  log: Logger,
): void {
  const http = new Hono()
  http.use(async (c, next) => {
    for (const [name, value] of Object.entries(headers)) c.header(name, value)
    c.header('content-security-policy', policy())
    return new URL(c.req.url).host === 'studio' ? next() : refuse(c, 403, 'This address is none of the studio.')
  })
  http.onError((err, c) => {
    log.error({ err }, 'A request failed')
    return refuse(c, 500, 'The studio could not do this.')
  })
  http.route('/', pictures(app))
  http.get('*', serveStatic({ root: window }))
  http.notFound(c => refuse(c, 404, 'There is nothing here.'))
  protocol.handle(scheme, request => http.fetch(request))
}
