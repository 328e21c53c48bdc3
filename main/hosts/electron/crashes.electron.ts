import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type * as Electron from 'electron'
import type { Logger } from 'pino'

/** Reports of crashes are written to `DATA/crashes` and sent to nobody. */
export function keepCrashes(
  { app, crashReporter }: Pick<typeof Electron, 'app' | 'crashReporter'>,
  data: string,
): void {
  const dumps = join(data, 'crashes')
  mkdirSync(dumps, { recursive: true })
  app.setPath('crashDumps', dumps)
  crashReporter.start({ uploadToServer: false })
}

/** Milliseconds in which a page that has crashed twice is not loaded again. */
const tooSoon = 10_000

/** Logs what crashes, and loads the page again when its process is gone. */
export function watchCrashes({ app }: Pick<typeof Electron, 'app'>, window: Electron.BrowserWindow, log: Logger): void {
  let last = Number.NEGATIVE_INFINITY
  window.webContents.on('render-process-gone', (_, details) => {
    log.error({ details }, 'The window crashed')
    const now = Date.now()
    if (details.reason !== 'clean-exit' && !window.isDestroyed() && now - last > tooSoon) window.reload()
    last = now
  })
  app.on('child-process-gone', (_, details) => log.error({ details }, 'A process of the window crashed'))
  window.on('unresponsive', () => log.warn('The window does not answer'))
}
