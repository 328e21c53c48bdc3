import type { Logger } from 'pino'
import { type RawData, WebSocket, WebSocketServer } from 'ws'
import type { Dispatcher } from '../dispatch.ts'

/** Bytes of one call: a hundred thousand picture numbers fit in. */
const largestCall = 4 * 2 ** 20
/** Bytes that may wait for a window that does not read; then it is let go and comes back when it can. */
const mostWaiting = 64 * 2 ** 20
const heartbeat = 20_000

const goingAway = 1001

/** The windows that are connected: each calls, all hear every event. Who may connect is decided before. */
export function openSockets(dispatcher: Dispatcher, log: Logger): { server: WebSocketServer; close(): void } {
  const server = new WebSocketServer({ noServer: true, maxPayload: largestCall, perMessageDeflate: false })
  const silent = new WeakSet<WebSocket>()

  const send = (socket: WebSocket, text: string) => {
    if (socket.readyState !== WebSocket.OPEN) return
    if (socket.bufferedAmount > mostWaiting) socket.terminate()
    else socket.send(text)
  }

  server.on('connection', socket => {
    socket.on('message', (data, isBinary) => {
      const message = isBinary ? undefined : parsed(data)
      void dispatcher.answer(message).then(back => send(socket, JSON.stringify(back)))
    })
    socket.on('pong', () => silent.delete(socket))
    socket.on(
      'close',
      dispatcher.listen(message => send(socket, JSON.stringify(message))),
    )
    // A message over the limit or none of the protocol: ws closes the connection itself and only says so here.
    socket.on('error', error => log.warn({ err: error }, 'A window broke its connection'))
  })

  const beat = setInterval(() => {
    for (const socket of server.clients) {
      if (silent.has(socket)) socket.terminate()
      silent.add(socket)
      socket.ping()
    }
  }, heartbeat)

  return {
    server,
    close() {
      clearInterval(beat)
      for (const socket of server.clients) socket.close(goingAway, 'The studio ends.')
    },
  }
}

function parsed(data: RawData): unknown {
  try {
    return JSON.parse(data.toString())
  } catch {
    return undefined
  }
}
