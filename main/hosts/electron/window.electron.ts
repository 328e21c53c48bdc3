import { join } from 'node:path'
import type * as Electron from 'electron'
import type { Services } from '../../../preload/contract/index.ts'
import { placeFrom, smallest, type WindowPlace } from './window-place.ts'

const placeKey = 'desktop.window'
/** `--color-ground` of the window's two looks: what is seen until its first picture. */
const grounds = { dark: '#0d0c0a', light: '#eeedea' } as const

/** Makes the studio's one window where it was when it was last closed; it is shown when its page has been loaded. */
export async function openWindow(
  {
    app,
    BrowserWindow,
    nativeTheme,
    screen,
  }: Pick<typeof Electron, 'app' | 'BrowserWindow' | 'nativeTheme' | 'screen'>,
  system: Services['system'],
): Promise<Electron.BrowserWindow> {
  const kept = await system.recall({ key: placeKey })
  const screens = screen.getAllDisplays().map(({ workArea }) => workArea)
  const { maximized, ...bounds } = placeFrom(kept, screens)
  const ground = () => (nativeTheme.shouldUseDarkColors ? grounds.dark : grounds.light)
  const window = new BrowserWindow({
    ...bounds,
    minWidth: smallest.width,
    minHeight: smallest.height,
    title: app.name,
    backgroundColor: ground(),
    show: false,
    webPreferences: {
      preload: join(app.getAppPath(), 'preload', 'bridge.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      // What is painted goes on while another window is in front.
      backgroundThrottling: false,
      devTools: !app.isPackaged,
    },
  })
  if (maximized) window.maximize()
  window.once('ready-to-show', () => window.show())
  const repaint = () => window.setBackgroundColor(ground())
  nativeTheme.on('updated', repaint)
  window.once('closed', () => {
    nativeTheme.off('updated', repaint)
    clearTimeout(timer)
  })

  let timer: NodeJS.Timeout | undefined
  const keep = () => {
    clearTimeout(timer)
    if (window.isDestroyed() || window.isMinimized() || window.isFullScreen()) return
    const { x, y, width, height } = window.getNormalBounds()
    const value: WindowPlace = { x, y, width, height, maximized: window.isMaximized() }
    void system.keep({ key: placeKey, value }).catch(() => undefined)
  }
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(keep, 500)
  }
  window.on('resize', soon)
  window.on('move', soon)
  window.on('close', keep)
  return window
}
