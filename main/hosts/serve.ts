import { once } from 'node:events'
import { createEngine } from '../../models/engine/client.ts'
import { openApp } from '../app.ts'
import { UsageError } from './cli/run.ts'
import { openHttp } from './http/server.ts'
import { builtWindow } from './http/window.ts'
import { openLog } from './log.ts'

export interface ServeOptions {
  /** Data folder. */
  readonly data: string
  /** As the person wrote it; any free one where it is left out. */
  readonly port?: string | undefined
  /** Called with each link that opens the studio: the first, and the next whenever one has been used. */
  readonly onLink: (link: string) => void
  readonly signal: AbortSignal
}

/** Runs the studio in the browser until the signal; then what runs is stopped in order and stays in the queue. */
export async function serve({ data, port = '0', onLink, signal }: ServeOptions): Promise<void> {
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65535) throw new UsageError('--port: must be a number from 0 to 65535.')
  const renderer = await builtWindow(console.error)
  const engine = createEngine()
  try {
    const app = await openApp({ data, engine })
    try {
      const http = await openHttp({ app, data, renderer, log: openLog(data), port: Number(port), onLink })
      await app.runsAt(http.address)
      onLink(http.link())
      if (!signal.aborted) await once(signal, 'abort')
      console.error('Closing the studio.')
      await http.close()
    } finally {
      await app.close()
    }
  } finally {
    await engine.close()
  }
}

/** Prints links, one a line. */
export const linkPrinter =
  (json: true | undefined) =>
  (url: string): void =>
    console.log(json ? JSON.stringify({ url }) : `Open ${url} (this link works once)`)
