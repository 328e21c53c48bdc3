import { EventEmitter } from 'node:events'
import type * as Electron from 'electron'

/** What a test looks at: every call that was made, by its name. */
export type Calls = { readonly name: string; readonly args: readonly unknown[] }[]

type Handler = (event: unknown, ...args: unknown[]) => unknown

/** A page's frame, as main sees it. */
interface Frame {
  url: string
  readonly parent: null
}

/**
 * Electron as the studio uses it, without a window: what is handed to the system is kept in `calls`, and a page is loaded
 * by asking the protocol for it and running its preload script.
 */
export class Double {
  readonly calls: Calls = []
  readonly handlers = new Map<string, Handler>()
  readonly ipcMain = Object.assign(new EventEmitter(), {
    handle: (channel: string, handler: Handler) => void this.handlers.set(channel, handler),
  })
  /** Answers the studio's own scheme. */
  fetch: (request: Request) => Promise<Response> = () => Promise.reject(new Error('no protocol is handled'))
  /** Runs a page's preload script. */
  preload: () => Promise<void> = () => Promise.resolve()
  /** Stands between a page that was asked for and its coming. */
  loading: () => Promise<void> = () => Promise.resolve()
  /** Whether this is the first studio on its data. */
  isFirst = true
  isPackaged = false
  readonly paths = new Map<string, string>()
  readonly windows: WindowDouble[] = []
  /** What the person chooses in a dialog. */
  chosen: string[] = []
  readonly nativeTheme = Object.assign(new EventEmitter(), { shouldUseDarkColors: true })
  readonly defaultSession: Record<string, unknown>
  readonly app: EventEmitter
  readonly electron: typeof Electron
  #blockers = 0

  constructor(appPath: string) {
    const note = this.note
    this.app = Object.assign(new EventEmitter(), {
      name: 'Cicerone Studio',
      getAppPath: () => appPath,
      setPath: (name: string, path: string) => void this.paths.set(name, path),
      getPath: (name: string) => this.paths.get(name) ?? '',
      setAppLogsPath: (path: string) => void this.paths.set('logs', path),
      requestSingleInstanceLock: (more: unknown) => {
        note('requestSingleInstanceLock')(more)
        return this.isFirst
      },
      whenReady: () => Promise.resolve(),
      quit: () => {
        note('quit')()
        let prevented = false
        const preventDefault = () => {
          prevented = true
        }
        this.app.emit('before-quit', { preventDefault })
        for (const window of this.windows) if (!window.close(false)) return
        this.app.emit('will-quit', { preventDefault })
        if (!prevented) this.app.emit('quit')
      },
      ...Object.fromEntries(
        [
          ...['enableSandbox', 'setAppUserModelId', 'exit', 'relaunch'],
          ...['addRecentDocument', 'clearRecentDocuments'],
        ].map(name => [name, note(name)]),
      ),
    })
    Object.defineProperty(this.app, 'isPackaged', { get: () => this.isPackaged })
    this.defaultSession = {
      ...Object.fromEntries(
        ['setPermissionRequestHandler', 'setPermissionCheckHandler', 'setDevicePermissionHandler'].map(name => [
          name,
          note(name),
        ]),
      ),
      webRequest: { onBeforeRequest: note('onBeforeRequest') },
    }
    const double = this
    // Only what the studio uses.
    this.electron = {
      app: this.app,
      ipcMain: this.ipcMain,
      BrowserWindow: class extends WindowDouble {
        constructor(options: Electron.BrowserWindowConstructorOptions) {
          super(double, options)
          double.windows.push(this)
        }
      },
      Notification: class extends EventEmitter {
        static isSupported = () => true
        constructor(options: unknown) {
          super()
          note('Notification')(options, this)
        }
        show = note('Notification.show')
      },
      Menu: { buildFromTemplate: (items: unknown) => items, setApplicationMenu: note('setApplicationMenu') },
      crashReporter: { start: note('crashReporter.start') },
      dialog: {
        showErrorBox: note('showErrorBox'),
        showOpenDialog: async (...args: unknown[]) => {
          note('showOpenDialog')(...args)
          return { canceled: this.chosen.length === 0, filePaths: this.chosen }
        },
      },
      nativeImage: { createFromBuffer: (buffer: Buffer) => ({ buffer }) },
      nativeTheme: this.nativeTheme,
      powerSaveBlocker: {
        start: (type: string) => {
          note('powerSaveBlocker.start')(type)
          return ++this.#blockers
        },
        stop: note('powerSaveBlocker.stop'),
      },
      protocol: {
        registerSchemesAsPrivileged: note('registerSchemesAsPrivileged'),
        handle: (_: string, fetch: typeof this.fetch) => {
          this.fetch = fetch
        },
      },
      screen: { getAllDisplays: () => [{ workArea: { x: 0, y: 0, width: 1920, height: 1080 } }] },
      session: { defaultSession: this.defaultSession },
      shell: { openPath: note('openPath'), showItemInFolder: note('showItemInFolder') },
    } as unknown as typeof Electron
  }

  /** A function that notes its calls under `name`. */
  readonly note =
    (name: string) =>
    (...args: unknown[]): void =>
      void this.calls.push({ name, args })

  /** The arguments of every call of `name`. */
  called(name: string): readonly (readonly unknown[])[] {
    return this.calls.filter(call => call.name === name).map(({ args }) => args)
  }

  get window(): WindowDouble {
    const window = this.windows.at(-1)
    if (window === undefined) throw new Error('no window was opened')
    return window
  }

  /** Electron as a preload script of the window imports it; `expose` gets what it offers. */
  renderer(expose: (name: string, offered: unknown) => void) {
    const { webContents } = this.window
    const event = () => ({ senderFrame: webContents.mainFrame, sender: webContents })
    // A message is copied on its way, and what cannot be is an error.
    const invoke = async (channel: string, message: unknown) => {
      const handler = this.handlers.get(channel)
      if (!handler) throw new Error(`nobody handles ${channel}`)
      return structuredClone(await handler(event(), structuredClone(message)))
    }
    return {
      contextBridge: { exposeInMainWorld: expose },
      ipcRenderer: {
        invoke,
        send: (channel: string, message: unknown) => void this.ipcMain.emit(channel, event(), structuredClone(message)),
        on: (channel: string, listener: Handler) => void webContents.receivers.push({ channel, listener }),
      },
      webUtils: { getPathForFile: (file: { readonly path?: string }) => file.path ?? '' },
    }
  }
}

class ContentsDouble extends EventEmitter {
  readonly mainFrame: Frame = { url: '', parent: null }
  receivers: { readonly channel: string; readonly listener: Handler }[] = []
  openHandler: (() => { action: string }) | undefined
  readonly startDrag: (item: Electron.Item) => void

  constructor({ note }: Double) {
    super()
    this.startDrag = note('startDrag')
  }

  readonly getURL = (): string => this.mainFrame.url
  destroyed = false
  readonly isDestroyed = (): boolean => this.destroyed
  setWindowOpenHandler(handler: () => { action: string }): void {
    this.openHandler = handler
  }
  send(channel: string, message: unknown): void {
    if (this.destroyed) throw new TypeError('Object has been destroyed')
    for (const each of this.receivers) if (each.channel === channel) each.listener({}, structuredClone(message))
  }
}

/** A window that is seen by nobody. */
export class WindowDouble extends EventEmitter {
  readonly options: Electron.BrowserWindowConstructorOptions
  readonly webContents: ContentsDouble
  readonly setProgressBar: (share: number) => void
  focused = false
  hidden = true
  maximized = false
  fullScreen = false
  #destroyed = false
  bounds = { x: 10, y: 20, width: 1000, height: 800 }
  /** The answer to the page that was asked for. */
  page: Response | undefined
  readonly #double: Double

  constructor(double: Double, options: Electron.BrowserWindowConstructorOptions) {
    super()
    this.#double = double
    this.options = options
    this.webContents = new ContentsDouble(double)
    this.setProgressBar = double.note('setProgressBar')
    double.app.emit('web-contents-created', {}, this.webContents)
  }

  async loadURL(url: string): Promise<void> {
    this.#use()
    this.webContents.mainFrame.url = url
    this.page = await this.#double.fetch(new Request(url))
    await this.#double.loading()
    if (this.#destroyed) throw Object.assign(new Error('ERR_FAILED (-2) loading'), { code: 'ERR_FAILED' })
    await this.#double.preload()
    this.emit('ready-to-show')
  }

  readonly reload = () => this.#double.note('reload')()
  readonly setBackgroundColor = (colour: string) => {
    this.#use()
    this.#double.note('setBackgroundColor')(colour)
  }
  readonly isDestroyed = (): boolean => this.#destroyed
  readonly isFocused = (): boolean => {
    this.#use()
    return this.focused
  }
  readonly isMinimized = (): boolean => {
    this.#use()
    return false
  }
  readonly isFullScreen = (): boolean => {
    this.#use()
    return this.fullScreen
  }
  readonly isMaximized = (): boolean => this.maximized
  readonly getNormalBounds = () => this.bounds
  maximize(): void {
    this.maximized = true
  }
  /** A window leaves full screen only after a while. */
  setFullScreen(on: boolean): void {
    this.#use()
    setImmediate(() => {
      this.fullScreen = on
      this.emit(on ? 'enter-full-screen' : 'leave-full-screen')
    })
  }
  show(): void {
    this.#use()
    this.hidden = false
  }
  hide(): void {
    this.#use()
    this.hidden = true
  }
  focus(): void {
    this.#use()
    this.focused = true
  }

  /** Closes it like a person, or when the program ends; whether it let itself be closed. */
  close(byPerson = true): boolean {
    if (this.#destroyed) return true
    let prevented = false
    this.emit('close', {
      preventDefault() {
        prevented = true
      },
    })
    if (prevented) return false
    this.#destroyed = true
    this.webContents.destroyed = true
    this.webContents.emit('destroyed')
    this.emit('closed')
    if (byPerson) this.#double.app.emit('window-all-closed')
    return true
  }

  /** As Electron does. */
  #use(): void {
    if (this.#destroyed) throw new TypeError('Object has been destroyed')
  }
}
