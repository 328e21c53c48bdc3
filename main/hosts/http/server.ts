import type { Server } from 'node:http'
import { createAdaptorServer, type WebSocketServerLike } from '@hono/node-server'
import type { Logger } from 'pino'
import { UserError } from '../../../models/errors.ts'
import { dispatcher } from '../dispatch.ts'
import type { Hosted } from './hosted.ts'
import { routes } from './routes.ts'
import { Sessions } from './sessions.ts'
import { openSockets } from './sockets.ts'

/** The only address: nobody but this computer, or who has a tunnel to it, can reach the studio. */
const hostname = '127.0.0.1'
/** Milliseconds that open requests have to end by themselves. */
const patience = 2000

export interface HttpOptions {
  readonly app: Hosted
  /** Data folder. */
  readonly data: string
  /** Folder of the built window. */
  readonly renderer: string
  readonly log: Logger
  /** 0 for any that is free. */
  readonly port: number
  /** Called with a new link when the one before has been used. */
  readonly onLink?: (link: string) => void
}

export interface HttpHost {
  readonly port: number
  /** Where it can be found by who has a session. */
  readonly address: string
  /** Opens the studio once in a browser. */
  link(): string
  close(): Promise<void>
}

/** The studio in a browser: loopback only, by a link that works once. Several windows at once are fine. */
export async function openHttp({ app, data, renderer, log, port: asked, onLink }: HttpOptions): Promise<HttpHost> {
  const sessions = new Sessions()
  const link = () => `${address}/open#${sessions.token}`
  const http = routes({
    app,
    data,
    renderer,
    log,
    sessions,
    cookie: () => `cicerone_${port}`,
    onOpened: () => onLink?.(link()),
  })
  const sockets = openSockets(dispatcher(app.services, app.events, log), log)
  const server = createAdaptorServer({
    fetch: http.fetch,
    hostname,
    // The same class; its types only differ in how they write what may be left out.
    websocket: { server: sockets.server as WebSocketServerLike },
    // A model of many gigabytes takes its time to arrive.
    serverOptions: { requestTimeout: 0 },
    // Without a certificate it is a plain server.
  }) as Server
  const port = await listen(server, asked).catch(error => {
    sockets.close()
    throw error
  })
  const address = `http://${hostname}:${port}`

  return {
    port,
    address,
    link,
    async close() {
      sockets.close()
      const closed = new Promise(resolve => server.close(resolve))
      const late = setTimeout(() => {
        for (const socket of sockets.server.clients) socket.terminate()
        server.closeAllConnections()
      }, patience)
      server.closeIdleConnections()
      await closed
      clearTimeout(late)
    },
  }
}

function listen(server: Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'EADDRINUSE' || error.code === 'EACCES' ? taken(port, error) : error),
    )
    server.listen(port, hostname, () => {
      const at = server.address()
      resolve(typeof at === 'object' && at !== null ? at.port : port)
    })
  })
}

const taken = (port: number, cause: unknown): UserError =>
  new UserError(
    `The port ${port} cannot be used: another program has it.`,
    'Choose another with --port, or leave it out.',
    {
      cause,
    },
  )
