import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import type * as Electron from 'electron'
import { createEngine } from '../../../models/engine/client.ts'
import { launchUnder } from '../../../models/engine/launch.ts'
import { UserError } from '../../../models/errors.ts'
import { openApp } from '../../app.ts'
import { understood } from '../../lock.ts'
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
export async function openDesktop(electron: typeof Electron, start: Start, updater: () => Updater): Promise<void> {
  const { app, dialog } = electron
  const { data, paths } = start
  let ends = () => false
  try {
    makeFolders(electron, data)
    registerScheme(electron)
    app.enableSandbox()
    app.setAppUserModelId(appId)
    if (!app.requestSingleInstanceLock({ paths })) return app.quit()

    const opened = new Opened(paths)
    let studio: Studio | undefined
    const again = new Again()
    const take = (more: readonly string[]) => {
      if (ends()) return again.add(more)
      opened.add(more)
      if (studio) show(studio.window)
    }
    app.on('second-instance', (_event, _argv, _cwd, more) =>
      take((more as { readonly paths: readonly string[] }).paths),
    )
    app.on('open-file', (event, path) => {
      event.preventDefault()
      take([path])
    })
    app.on('activate', () => studio && show(studio.window))
    app.on('window-all-closed', () => app.quit())

    await app.whenReady()
    lockDown(electron)
    const opening = open(electron, data, opened, updater)
    // Before there is a window: it can be closed while it is loaded.
    ends = closeInOrder(app, {
      async close() {
        studio = undefined
        // Where it could not be opened, it is closed already.
        await (await opening.catch(() => undefined))?.close()
      },
      closed: () => again.relaunch(app, start),
    })
    studio = await opening
    if (ends()) studio = undefined
  } catch (error) {
    if (ends()) return
    const { message, hint } = error instanceof UserError ? error : { message: String(error), hint: 'Please report it.' }
    // Before, Linux shows no box.
    await app.whenReady()
    dialog.showErrorBox(message, hint)
    app.exit(1)
  }
}

/** Chromium keeps its own things in a folder of its own, beside the person's. */
function makeFolders(electron: Pick<typeof Electron, 'app' | 'crashReporter'>, data: string): void {
  const { app } = electron
  const own = join(data, 'desktop')
  try {
    mkdirSync(own, { recursive: true })
    app.setPath('userData', own)
    app.setPath('sessionData', own)
    app.setAppLogsPath(data)
    keepCrashes(electron, data)
  } catch (cause) {
    throw understood(data, cause)
  }
}

async function open(electron: typeof Electron, data: string, opened: Opened, updater: () => Updater): Promise<Studio> {
  const node = nodeBinary()
  if (!existsSync(node))
    throw new UserError('The engine is missing from this installation.', 'Install the studio again.')
  const engine = createEngine({ launcher: launchUnder(node) })
  let close = () => engine.close()
  try {
    const app = await openApp({ data, engine, node })
    close = () => app.close().finally(() => engine.close())
    return await openStudio({ electron, app, close, data, opened, updater, log: openLog(data) })
  } catch (error) {
    await close().catch(() => undefined)
    throw error
  }
}

interface Closing {
  close(): Promise<void>
  /** Called when all is closed, before Electron ends. */
  closed(): void
}

/**
 * What runs is stopped in order and stays in the queue; then Electron may go on ending. The returned function says
 * whether this has begun.
 */
function closeInOrder(app: Electron.App, { close, closed }: Closing): () => boolean {
  let state: 'open' | 'closing' | 'closed' = 'open'
  app.on('will-quit', event => {
    if (state === 'closed') return
    event.preventDefault()
    if (state === 'closing') return
    state = 'closing'
    void close().finally(() => {
      state = 'closed'
      closed()
      app.quit()
    })
  })
  return () => state !== 'open'
}

/** What a studio was asked for that was just ending: it is started again with it. */
class Again {
  #paths: readonly string[] | undefined

  add(paths: readonly string[]): void {
    this.#paths = [...(this.#paths ?? []), ...paths]
  }

  relaunch(app: Electron.App, { switches }: Start): void {
    if (this.#paths === undefined) return
    const { APPIMAGE } = process.env
    // What an AppImage runs is gone when it has ended.
    app.relaunch({ args: [...switches, ...this.#paths], ...(APPIMAGE && { execPath: APPIMAGE }) })
  }
}
