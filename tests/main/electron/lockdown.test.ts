import type { BrowserWindow, CustomScheme } from 'electron'
import { describe, expect, it } from 'vitest'
import { openIpc } from '../../../main/hosts/electron/ipc.electron.ts'
import { lockDown } from '../../../main/hosts/electron/lockdown.electron.ts'
import { registerScheme, serveWindow } from '../../../main/hosts/electron/protocol.electron.ts'
import { channels } from '../../../preload/contract/bridge.ts'
import { logTo } from '../hosts/studio.ts'
import { temporaryFolder } from '../studio.ts'
import { Double } from './double.ts'

const page = 'cicerone://studio/'

async function open() {
  const double = new Double('/nowhere')
  lockDown(double.electron)
  const window = new double.electron.BrowserWindow()
  const { webContents } = double.window
  webContents.mainFrame.url = page
  const asked: unknown[] = []
  openIpc(double.electron, {
    window: window as BrowserWindow,
    dispatcher: {
      async answer(message) {
        asked.push(message)
        return { id: 1, result: null }
      },
      listen() {
        asked.push('listen')
        return () => asked.push('stop')
      },
    },
    onListening: () => () => undefined,
    onDrag: ids => asked.push(ids),
  })
  const last = (name: string) => double.called(name).at(-1)?.[0] as (...args: unknown[]) => unknown
  return { double, webContents, asked, last }
}

describe('messages', () => {
  it('count only from the studio’s own page in the top frame of its window', async () => {
    const { double, webContents, asked } = await open()
    const call = double.handlers.get(channels.call)!
    const { mainFrame } = webContents
    const sender = webContents
    const strangers = [
      { sender, senderFrame: null },
      { sender, senderFrame: { url: page, parent: mainFrame } },
      { sender, senderFrame: { url: 'https://example.com/', parent: null } },
      { sender: {}, senderFrame: mainFrame },
    ]
    for (const event of strangers) {
      await expect(call(event, { id: 1 })).rejects.toThrow('own window')
      for (const channel of [channels.listen, channels.drag]) double.ipcMain.emit(channel, event, [1])
    }
    for (const url of ['https://example.com/', 'cicerone://other/', 'cicerone://studio.example.com/', '']) {
      mainFrame.url = url
      await expect(call({ sender, senderFrame: mainFrame }, { id: 1 })).rejects.toThrow('own window')
    }
    expect(asked).toEqual([])
    mainFrame.url = `${page}#gallery`
    await call({ sender, senderFrame: mainFrame }, { id: 1 })
    double.ipcMain.emit(channels.drag, { sender, senderFrame: mainFrame }, [1, 2])
    for (const wrong of [['a'], 'a', [], [1.5], undefined])
      double.ipcMain.emit(channels.drag, { sender, senderFrame: mainFrame }, wrong)
    expect(asked).toEqual([{ id: 1 }, [1, 2]])
  })

  it('end with the page, and with its process', async () => {
    const { double, webContents, asked } = await open()
    const listen = () =>
      double.ipcMain.emit(channels.listen, { sender: webContents, senderFrame: webContents.mainFrame })
    listen()
    listen()
    webContents.emit('did-start-navigation', { isMainFrame: true, isSameDocument: true })
    webContents.emit('render-process-gone', {}, {})
    expect(asked).toEqual(['listen', 'stop', 'listen', 'stop'])
  })
})

describe('the window', () => {
  it('may put text on the clipboard and nothing else', async () => {
    const { last } = await open()
    const answers: unknown[] = []
    const ask = (url: string, permission: string) =>
      last('setPermissionRequestHandler')({ getURL: () => url }, permission, (yes: boolean) => answers.push(yes))
    ask(page, 'clipboard-sanitized-write')
    for (const name of ['media', 'geolocation', 'notifications', 'clipboard-read', 'openExternal', 'fileSystem'])
      ask(page, name)
    ask('https://example.com', 'clipboard-sanitized-write')
    expect(answers).toEqual([true, false, false, false, false, false, false, false])
    const check = last('setPermissionCheckHandler')
    expect(check(null, 'clipboard-sanitized-write', 'cicerone://studio')).toBe(true)
    expect(check(null, 'media', 'cicerone://studio')).toBe(false)
    expect(last('setDevicePermissionHandler')({})).toBe(false)
  })

  it('stays on its page, opens no other, and reaches no network', async () => {
    const { webContents, last } = await open()
    expect(webContents.openHandler?.()).toEqual({ action: 'deny' })
    const goes = (event: string, url: string): boolean => {
      let prevented = false
      const preventDefault = () => {
        prevented = true
      }
      webContents.emit(event, { url, preventDefault })
      return !prevented
    }
    for (const event of ['will-navigate', 'will-frame-navigate', 'will-redirect']) {
      expect(goes(event, `${page}#models`)).toBe(true)
      for (const url of ['https://example.com/', 'file:///etc/passwd', `${page}pictures/1`, 'cicerone://studio.x/'])
        expect(goes(event, url)).toBe(false)
    }
    expect(goes('will-attach-webview', page)).toBe(false)
    const reached: unknown[] = []
    for (const url of [
      `${page}pictures/1`,
      'data:image/png;base64,',
      'https://example.com/',
      'ws://127.0.0.1/',
      'file:///',
    ])
      last('onBeforeRequest')({ url }, ({ cancel }: { cancel: boolean }) => reached.push(!cancel))
    expect(reached).toEqual([true, true, false, false, false])
  })

  it('gets nothing but its own files and pictures by number', async () => {
    const double = new Double('/nowhere')
    registerScheme(double.electron)
    const [[registered]] = double.called('registerSchemesAsPrivileged')[0] as [CustomScheme[]]
    expect(registered).toMatchObject({ scheme: 'cicerone', privileges: { standard: true, secure: true } })
    expect(registered?.privileges).not.toHaveProperty('bypassCSP')
    const none = () => Promise.resolve(undefined)
    const app = {
      gallery: { file: none, thumbnail: none },
      inputs: { keep: async () => '', file: async () => undefined },
      library: { previewFile: none },
      runs: { file: none },
    }
    serveWindow(double.electron, app, await temporaryFolder(), logTo([]))
    for (const path of [
      'pictures/7',
      'pictures/..%2f..%2fetc%2fpasswd',
      '..%2f..%2fetc/passwd',
      'x',
      'model-previews/x',
    ]) {
      const answer = await double.fetch(new Request(page + path))
      expect(answer.status).toBe(404)
      expect(answer.headers.get('content-security-policy')).not.toContain('unsafe')
    }
    expect((await double.fetch(new Request('cicerone://other/'))).status).toBe(403)
  })
})
