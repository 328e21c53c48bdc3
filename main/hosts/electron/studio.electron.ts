import { join } from 'node:path'
import type * as Electron from 'electron'
import type { Logger } from 'pino'
import type { Services } from '../../../preload/contract/index.ts'
import type { App } from '../../app.ts'
import { dispatcher } from '../dispatch.ts'
import { watchCrashes } from './crashes.electron.ts'
import { dragOut } from './drag.electron.ts'
import { openIpc } from './ipc.electron.ts'
import { Manners, show } from './manners.electron.ts'
import { type MenuActions, menuOf } from './menu.electron.ts'
import type { Opened } from './opened.ts'
import { origin, serveWindow } from './protocol.electron.ts'
import { openRecent } from './recent.ts'
import { openUpdates, type Updater } from './updates.electron.ts'
import { openWindow } from './window.electron.ts'

export interface StudioOptions {
  readonly electron: typeof Electron
  readonly app: App
  /** Closes the app and its engine. */
  readonly close: () => Promise<void>
  /** Data folder. */
  readonly data: string
  readonly opened: Opened
  readonly updater: () => Updater
  readonly log: Logger
}

/** The studio with its window. */
export interface Studio {
  readonly window: Electron.BrowserWindow
  /** Never rejects: what fails is logged. */
  close(): Promise<void>
}

/** Opens the window on a studio that runs, and wires the desktop's things to it. */
export async function openStudio({ electron, app, close, data, opened, updater, log }: StudioOptions): Promise<Studio> {
  const { system } = app.services
  const { isPackaged } = electron.app
  const isMac = process.platform === 'darwin'
  serveWindow(electron, app, join(electron.app.getAppPath(), 'window'), log)
  const recent = await openRecent(system, () => showMenu())
  const updates = await openUpdates({
    ...{ system, log, events: app.events },
    updater: isPackaged ? updater() : undefined,
  })
  const window = await openWindow(electron, system)
  if (isMac) stayOpen(electron.app, window)
  const manners = new Manners(electron, window)

  const services = noting(app.services, path => {
    recent.add(path)
    electron.app.addRecentDocument(path)
  })
  openIpc(electron, {
    window,
    dispatcher: dispatcher(services, app.events, log),
    onListening() {
      const stopHearing = app.events.listen(manners.hear)
      const stopOpening = opened.listen(paths => app.events.emit('system.opened', { paths: [...paths] }))
      // What was told before, or while the page was loaded again.
      app.services.queue.state({}).then(
        state => manners.hear('queue.changed', state),
        err => log.error({ err }, 'The queue could not be asked'),
      )
      return () => {
        stopHearing()
        stopOpening()
      }
    },
    onDrag: ids =>
      void dragOut(electron, window.webContents, app.gallery, ids).catch(err => log.error({ err }, 'A drag failed')),
  })
  watchCrashes(electron, window, log)

  const actions: MenuActions = {
    press(keys) {
      show(window)
      app.events.emit('system.pressed', { keys })
    },
    async add(what) {
      show(window)
      if (window.isDestroyed()) return
      const { filePaths } = await electron.dialog.showOpenDialog(window, { properties: [what, 'multiSelections'] })
      opened.add(filePaths)
    },
    get recent() {
      return recent.paths
    },
    open(path) {
      show(window)
      opened.add([path])
    },
    clearRecent() {
      recent.clear()
      electron.app.clearRecentDocuments()
    },
    openData: () => void electron.shell.openPath(data),
    openLog: () => electron.shell.showItemInFolder(join(data, 'studio.log')),
    openCrashes: () => void electron.shell.openPath(electron.app.getPath('crashDumps')),
    get channel() {
      return updates.channel
    },
    choose: channel =>
      void updates.choose(channel).catch(err => log.error({ err }, 'The channel of updates could not be kept')),
  }
  const showMenu = () => {
    const menu = menuOf({ isMac, isPackaged, name: electron.app.name, actions })
    electron.Menu.setApplicationMenu(electron.Menu.buildFromTemplate(menu))
  }
  showMenu()

  await load(window)
  return {
    window,
    async close() {
      updates.close()
      await close().catch(err => log.error({ err }, 'Closing failed'))
    },
  }
}

/** Loads the page. The person may close the window, or load it again, before it is there: that is no fault. */
async function load(window: Electron.BrowserWindow): Promise<void> {
  try {
    await window.loadURL(`${origin}/`)
  } catch (error) {
    if (!window.isDestroyed() && (error as { readonly code?: unknown }).code !== 'ERR_ABORTED') throw error
  }
}

/** The same services; `note` hears of every file and folder that was looked at, however it was brought. */
function noting(services: Services, note: (path: string) => void): Services {
  const { models } = services
  const inspect: typeof models.inspect = async input => {
    const sheet = await models.inspect(input)
    if ('path' in input.source) note(input.source.path)
    return sheet
  }
  return { ...services, models: { ...models, inspect } }
}

/** On a Mac a program goes on without a window, until the person quits it. */
function stayOpen(app: Electron.App, window: Electron.BrowserWindow): void {
  let quits = false
  app.on('before-quit', () => {
    quits = true
  })
  window.on('close', event => {
    if (quits) return
    event.preventDefault()
    if (!window.isFullScreen()) return window.hide()
    // Hidden at once it would leave a black screen.
    window.once('leave-full-screen', () => window.hide())
    window.setFullScreen(false)
  })
}
