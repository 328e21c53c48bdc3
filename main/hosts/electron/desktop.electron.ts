import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type * as Electron from 'electron'
import { createEngine } from '../../../models/engine/client.ts'
import { launchUnder } from '../../../models/engine/launch.ts'
import { UserError } from '../../../models/errors.ts'
import { openApp } from '../../app.ts'
import { openLog } from '../log.ts'
import { keepCrashes } from './crashes.electron.ts'
import { lockDown } from './lockdown.electron.ts'
import { show } from './manners.electron.ts'
import { nodeBinary } from './node-binary.ts'
import { Opened } from './opened.ts'
import { registerScheme } from './protocol.electron.ts'
import type { Start } from './start.ts'
import { openStudio, type Studio } from './studio.electron.ts'
import type { Updater } from './updates.electron.ts'

/** As in electron-builder.yml: by it Windows knows whose notifications they are. */
const appId = 'studio.cicerone.desktop'

/**
 * The studio as a desktop program. What has to be done before Electron is ready is done before this returns its promise.
 * One studio runs per data folder; a second start hands its files to the first.
 */
export async function openDesktop(
  electron: typeof Electron,
  { data, paths }: Start,
  updater: () => Updater,
): Promise<void> {
  const { app, dialog } = electron
  keepApart(electron, data)
  keepCrashes(electron, data)
  registerScheme(electron)
  app.enableSandbox()
  app.setAppUserModelId(appId)
  if (!app.requestSingleInstanceLock({ paths })) return app.quit()

  const opened = new Opened(paths)
  let studio: Studio | undefined
  app.on('second-instance', (_event, _argv, _cwd, more) => {
    opened.add((more as { readonly paths: readonly string[] }).paths)
    if (studio) show(studio.window)
  })
  app.on('open-file', (event, path) => {
    event.preventDefault()
    opened.add([path])
  })
  app.on('activate', () => studio && show(studio.window))
  app.on('window-all-closed', () => app.quit())

  try {
    await app.whenReady()
    lockDown(electron)
    studio = await open(electron, data, opened, updater)
    closeInOrder(app, studio)
  } catch (error) {
    const { message, hint } = error instanceof UserError ? error : { message: String(error), hint: 'Please report it.' }
    dialog.showErrorBox(message, hint)
    app.exit(1)
  }
}

/** Chromium keeps its own things in a folder of its own, beside the person's. */
function keepApart({ app }: Pick<typeof Electron, 'app'>, data: string): void {
  const own = join(data, 'desktop')
  mkdirSync(own, { recursive: true })
  app.setPath('userData', own)
  app.setPath('sessionData', own)
  app.setAppLogsPath(data)
}

async function open(electron: typeof Electron, data: string, opened: Opened, updater: () => Updater): Promise<Studio> {
  const node = nodeBinary()
  if (!existsSync(node))
    throw new UserError('The engine is missing from this installation.', 'Install the studio again.')
  const engine = createEngine({ launcher: launchUnder(node) })
  try {
    const app = await openApp({ data, engine })
    return await openStudio({ electron, app, engine, data, opened, updater, log: openLog(data) })
  } catch (error) {
    await engine.close()
    throw error
  }
}

/** What runs is stopped in order and stays in the queue; then Electron may go on ending. */
function closeInOrder(app: Electron.App, studio: Studio): void {
  let state: 'open' | 'closing' | 'closed' = 'open'
  app.on('will-quit', event => {
    if (state === 'closed') return
    event.preventDefault()
    if (state === 'closing') return
    state = 'closing'
    void studio.close().finally(() => {
      state = 'closed'
      app.quit()
    })
  })
}
