import type * as Electron from 'electron'
import { z } from 'zod'
import { channels } from '../../../preload/contract/bridge.ts'
import type { BackMessage } from '../../../preload/contract/wire.ts'
import type { Dispatcher } from '../dispatch.ts'
import { isSender } from './lockdown.electron.ts'

export interface IpcOptions {
  readonly window: Electron.BrowserWindow
  readonly dispatcher: Dispatcher
  /** Called when the window listens; the returned function when it no longer does. */
  readonly onListening: () => () => void
  readonly onDrag: (ids: readonly number[]) => void
}

/** Pictures that can be dragged out at once. */
const dragged = z.array(z.int()).min(1).max(1000)

/** The contract over IPC: the same dispatcher as behind a WebSocket, for the studio's own page only. */
export function openIpc({ ipcMain }: Pick<typeof Electron, 'ipcMain'>, options: IpcOptions): void {
  const { window, dispatcher, onListening, onDrag } = options
  const contents = window.webContents
  let stop: (() => void) | undefined
  const end = () => {
    stop?.()
    stop = undefined
  }

  ipcMain.handle(channels.call, (event, message): Promise<BackMessage> => {
    if (!isSender(event, contents)) return Promise.reject(new Error('Only the studio’s own window may call it.'))
    return dispatcher.answer(message)
  })
  ipcMain.on(channels.listen, event => {
    if (!isSender(event, contents)) return
    end()
    // First the window: it is the one that shows a notice which nobody has heard.
    const stopTelling = dispatcher.listen(message => {
      if (!contents.isDestroyed()) contents.send(channels.event, message)
    })
    const stopListening = onListening()
    stop = () => {
      stopTelling()
      stopListening()
    }
  })
  ipcMain.on(channels.drag, (event, ids) => {
    const asked = dragged.safeParse(ids)
    if (asked.success && isSender(event, contents)) onDrag(asked.data)
  })
  // What is told while the page is away is kept for the next one.
  contents.on('did-start-navigation', details => {
    if (details.isMainFrame && !details.isSameDocument) end()
  })
  contents.on('render-process-gone', end)
  contents.on('destroyed', end)
}
