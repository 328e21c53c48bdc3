import { join } from 'node:path'
import type * as Electron from 'electron'
import type { Logger } from 'pino'
import type { Engine } from '../../../models/engine/engine.ts'
import type { App } from '../../app.ts'
import { dispatcher } from '../dispatch.ts'
import { watchCrashes } from './crashes.electron.ts'
import { dragOut } from './drag.electron.ts'
import { openIpc } from './ipc.electron.ts'
import { Manners } from './manners.electron.ts'
import { type MenuActions, menuOf } from './menu.electron.ts'
import type { Opened } from './opened.ts'
import { origin, serveWindow } from './protocol.electron.ts'
import { openUpdates, type Updater } from './updates.electron.ts'
import { openWindow } from './window.electron.ts'

export interface StudioOptions {
  readonly electron: typeof Electron
  readonly app: App
  readonly engine: Engine
  /** Data folder. */
  readonly data: string
  readonly opened: Opened
  readonly updater: () => Updater
  readonly log: Logger
}

/** The studio with its window. */
export interface Studio {
  readonly window: Electron.BrowserWindow
  close(): Promise<void>
}

/** Opens the window on a studio that runs, and wires the desktop's things to it. */
export async function openStudio({
  electron,
  app,
  engine,
  data,
  opened,
  updater,
  log,
}: StudioOptions): Promise<Studio> {
  const { system } = app.services
  const { isPackaged } = electron.app
  const isMac = process.platform === 'darwin'
  serveWindow(electron, app, join(electron.app.getAppPath(), 'window'), log)
  const window = await openWindow(electron, system)
  const manners = new Manners(electron, window)
  const updates = await openUpdates({
    ...{ system, log, events: app.events },
    updater: isPackaged ? updater() : undefined,
  })

  const openPaths = (paths: readonly string[]) => {
    for (const path of paths) electron.app.addRecentDocument(path)
    app.events.emit('system.opened', { paths: [...paths] })
  }
  openIpc(electron, {
    window,
    dispatcher: dispatcher(app.services, app.events, log),
    onListening() {
      const stopHearing = app.events.listen(manners.hear)
      const stopOpening = opened.listen(openPaths)
      // What was told before, or while the page was loaded again.
      void app.services.queue.state({}).then(state => manners.hear('queue.changed', state))
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
    press: keys => app.events.emit('system.pressed', { keys }),
    async add(what) {
      const { filePaths } = await electron.dialog.showOpenDialog(window, { properties: [what, 'multiSelections'] })
      opened.add(filePaths)
    },
    openData: () => void electron.shell.openPath(data),
    openLog: () => electron.shell.showItemInFolder(join(data, 'studio.log')),
    openCrashes: () => void electron.shell.openPath(electron.app.getPath('crashDumps')),
    get channel() {
      return updates.channel
    },
    choose: channel => void updates.choose(channel),
  }
  const menu = menuOf({ isMac, isPackaged, name: electron.app.name, actions })
  electron.Menu.setApplicationMenu(electron.Menu.buildFromTemplate(menu))

  if (isMac) stayOpen(electron.app, window)
  await window.loadURL(`${origin}/`)
  return {
    window,
    async close() {
      updates.close()
      await app.close()
      await engine.close()
    },
  }
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
    window.hide()
  })
}
