import type * as Electron from 'electron'
import { type Channel, channels } from './updates.electron.ts'

/** What the menu does beyond Electron's own roles. */
export interface MenuActions {
  /** Does what a shortcut of the window does. */
  press(keys: string): void
  /** Asks for files or folders, and adds them. */
  add(what: 'openFile' | 'openDirectory'): void
  /** Paths, the newest first. */
  readonly recent: readonly string[]
  open(path: string): void
  clearRecent(): void
  openData(): void
  openLog(): void
  openCrashes(): void
  readonly channel: Channel
  choose(channel: Channel): void
}

export interface MenuOptions {
  readonly isMac: boolean
  readonly isPackaged: boolean
  readonly name: string
  readonly actions: MenuActions
}

type Item = Electron.MenuItemConstructorOptions

const line: Item = { type: 'separator' }
const updates: Readonly<Record<Channel, string>> = {
  off: 'Off',
  latest: 'Finished versions',
  beta: 'Also beta versions',
}

/** `mod+enter` as Electron writes it. */
const acceleratorOf = (keys: string): string => keys.replace('mod', 'CmdOrCtrl').replace('escape', 'Esc')

/** The menu bar. The window's own shortcuts stand in it and are done by the window, whichever way they come. */
export function menuOf({ isMac, isPackaged, name, actions }: MenuOptions): Item[] {
  const shortcut = (label: string, keys: string): Item => {
    const click = () => actions.press(keys)
    // On a Mac a key in the menu cannot be left to the window: one that is also typed would be lost.
    if (isMac && !keys.startsWith('mod+')) return { label, click }
    return { label, click, accelerator: acceleratorOf(keys), registerAccelerator: false }
  }
  const add: Item[] = [
    { label: 'Add models…', accelerator: 'CmdOrCtrl+O', click: () => actions.add('openFile') },
    { label: 'Add a folder…', click: () => actions.add('openDirectory') },
  ]
  const recent: Item = {
    label: 'Open recent',
    enabled: actions.recent.length > 0,
    submenu: [
      // Else an ampersand would underline what follows it.
      ...actions.recent.map(path => ({ label: path.replaceAll('&', '&&'), click: () => actions.open(path) })),
      line,
      { label: 'Forget these', click: () => actions.clearRecent() },
    ],
  }
  const look: Item = {
    label: 'Updates',
    submenu: channels.map(channel => ({
      label: updates[channel],
      type: 'radio',
      checked: channel === actions.channel,
      click: () => actions.choose(channel),
    })),
  }
  return [
    ...(isMac ? [{ role: 'appMenu', label: name } satisfies Item] : []),
    {
      label: '&File',
      submenu: [...add, recent, line, isMac ? { role: 'close' } : { role: 'quit' }],
    },
    { role: 'editMenu' },
    {
      label: '&Picture',
      submenu: [
        shortcut('Paint', 'mod+enter'),
        shortcut('Cancel', 'escape'),
        line,
        shortcut('Use its settings', 'r'),
        shortcut('Compare with CFG and none', 'c'),
      ],
    },
    {
      label: '&View',
      submenu: [
        shortcut('Create', '1'),
        shortcut('Gallery', '2'),
        shortcut('Models', '3'),
        shortcut('Training', '4'),
        line,
        shortcut('Search', 'mod+f'),
        line,
        ...(['resetZoom', 'zoomIn', 'zoomOut'] as const).map(role => ({ role })),
        line,
        { role: 'togglefullscreen' },
        { role: 'reload' },
        ...(isPackaged ? [] : [{ role: 'toggleDevTools' } satisfies Item]),
      ],
    },
    { role: 'windowMenu' },
    {
      role: 'help',
      submenu: [
        shortcut('Shortcuts', '?'),
        line,
        { label: 'Show the data folder', click: () => actions.openData() },
        { label: 'Show the log', click: () => actions.openLog() },
        { label: 'Show crash reports', click: () => actions.openCrashes() },
        line,
        look,
        ...(isMac ? [] : [line, { role: 'about' } satisfies Item]),
      ],
    },
  ]
}
