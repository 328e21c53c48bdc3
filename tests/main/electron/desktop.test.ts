import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MenuItemConstructorOptions } from 'electron'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { openDesktop } from '../../../main/hosts/electron/desktop.electron.ts'
import { shipped } from '../../../main/paths.ts'
import type { Bridge } from '../../../preload/contract/bridge.ts'
import type { BackMessage } from '../../../preload/contract/wire.ts'
import { fixture } from '../../support/fixtures.ts'
import { small, temporaryFolder, until } from '../studio.ts'
import { Double } from './double.ts'

interface Desktop {
  readonly double: Double
  readonly data: string
  readonly bridge: Bridge
  /** What a call comes back with. */
  call(method: string, input?: unknown): Promise<unknown>
  /** Events that reached the window. */
  readonly heard: { readonly name: string; readonly payload: unknown }[]
  quit(): Promise<void>
}

const running: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const quit of running.splice(0)) await quit()
})

/** Opens the studio with the real preload script. */
async function open(
  given: { data?: string; paths?: string[]; loading?: (double: Double) => void } = {},
): Promise<Desktop> {
  const data = given.data ?? (await temporaryFolder())
  const program = await temporaryFolder()
  await mkdir(join(program, 'window'))
  await writeFile(join(program, 'window', 'index.html'), '<!doctype html><title>window</title>')
  const double = new Double(program)
  double.loading = async () => given.loading?.(double)
  let bridge: Bridge | undefined
  const heard: Desktop['heard'] = []
  double.preload = async () => {
    vi.resetModules()
    vi.doMock('electron', () =>
      double.renderer((name, offered) => {
        expect(name).toBe('cicerone')
        bridge = offered as Bridge
      }),
    )
    await import('../../../preload/bridge.ts')
    bridge?.onEvent(message => {
      if ('event' in message) heard.push({ name: message.event, payload: message.payload })
    })
  }
  const quit = async () => {
    const ended = new Promise<void>(resolve => double.app.once('quit', resolve))
    ;(double.electron.app as { quit(): void }).quit()
    await ended
  }
  await openDesktop(double.electron, { data, paths: given.paths ?? [], switches: ['--flag'] }, () => {
    throw new Error('a checkout is not updated')
  })
  expect(double.called('showErrorBox')).toEqual([])
  running.push(quit)
  return {
    ...{ double, data, heard },
    get bridge() {
      return bridge!
    },
    async call(method, input = {}) {
      const back: BackMessage = await bridge!.call({ id: 1, method, input })
      return 'result' in back ? back.result : back
    },
    quit() {
      running.splice(0)
      return quit()
    },
  }
}

describe('the desktop studio', { timeout: 120_000 }, () => {
  it('paints for its window, and hands pictures to it and out of it', async () => {
    const { double, data, call, bridge, heard } = await open()
    expect(await double.window.page?.text()).toContain('<title>window</title>')
    expect(await call('system.info')).toMatchObject({ dataFolder: data })
    await call('queue.enqueue', small)
    const picture = await until(() => heard.find(({ name }) => name === 'gallery.changed'))
    const { id } = (picture.payload as { added: { id: number }[] }).added[0]!
    const file = await double.fetch(new Request(`cicerone://studio/pictures/${id}`))
    expect(file.headers.get('content-type')).toBe('image/png')
    expect(file.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect((await double.fetch(new Request(`cicerone://studio/thumbnails/${id}`))).headers.get('content-type')).toBe(
      'image/webp',
    )
    bridge.dragOut([id, 999])
    const [item] = (await until(() => double.called('startDrag')[0])) as [{ file: string; files: string[] }]
    expect(item.files).toEqual([item.file])
    expect(await readFile(item.file)).toEqual(Buffer.from(await file.arrayBuffer()))
    expect(await call('gallery.detail', { id: 999 })).toMatchObject({ error: { message: expect.any(String) } })
    await until(() => double.called('powerSaveBlocker.stop').length === double.called('powerSaveBlocker.start').length)
    expect(double.called('powerSaveBlocker.start')[0]).toEqual(['prevent-app-suspension'])
    expect(double.called('setProgressBar').at(-1)).toEqual([-1])
  })

  it('shows a sandboxed window that was where it is opened again', async () => {
    const first = await open()
    const { webPreferences, width } = first.double.window.options
    // All there are: docs/SECURITY.md says so of what is not among them.
    expect(webPreferences).toEqual({
      preload: expect.stringMatching(/bridge\.cjs$/),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webSecurity: true,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      backgroundThrottling: false,
      devTools: true,
    })
    expect(width).toBe(1440)
    expect(first.double.window.hidden).toBe(false)
    expect(first.double.called('crashReporter.start')).toEqual([[{ uploadToServer: false }]])
    first.double.window.maximized = true
    first.double.window.emit('close', { preventDefault() {} })
    await first.quit()
    const { double } = await open({ data: first.data })
    expect(double.window.options).toMatchObject(first.double.window.bounds)
    expect(double.window.maximized).toBe(true)
  })

  it('takes files from its start, from a second one, from Finder and from the menu', async () => {
    const { double, heard } = await open({ paths: ['/start.safetensors'] })
    const paths = () => heard.filter(({ name }) => name === 'system.opened').flatMap(({ payload }) => payload as object)
    await until(() => paths().length === 1)
    double.app.emit('second-instance', {}, [], '/', { paths: ['/second.safetensors'] })
    expect(double.window.focused).toBe(true)
    double.app.emit('open-file', { preventDefault() {} }, '/finder.safetensors')
    double.chosen = ['/a.safetensors', '/b.safetensors']
    const [menu] = double.called('setApplicationMenu')[0] as [MenuItemConstructorOptions[]]
    const items = menu.flatMap(({ submenu }) => (submenu as MenuItemConstructorOptions[] | undefined) ?? [])
    const click = (label: string) => (items.find(item => item.label === label) as { click(): void }).click()
    click('Add models…')
    await until(() => paths().length === 4)
    expect(paths()).toEqual([
      { paths: ['/start.safetensors'] },
      { paths: ['/second.safetensors'] },
      { paths: ['/finder.safetensors'] },
      { paths: ['/a.safetensors', '/b.safetensors'] },
    ])
    click('Paint')
    expect(heard.at(-1)).toEqual({ name: 'system.pressed', payload: { keys: 'mod+enter' } })
    click('Show the log')
    expect(double.called('showItemInFolder')[0]?.[0]).toMatch(/studio\.log$/)
  })

  it('keeps what is told while the page is loaded again for the page that comes', async () => {
    const { double, heard } = await open()
    double.window.webContents.emit('did-start-navigation', { isMainFrame: true, isSameDocument: false })
    double.app.emit('open-file', { preventDefault() {} }, '/later.safetensors')
    expect(heard.filter(({ name }) => name === 'system.opened')).toEqual([])
    double.window.webContents.receivers = []
    await double.preload()
    await until(() => heard.some(({ name }) => name === 'system.opened'))
  })

  it('is one for its data: a second hands its files over and ends', async () => {
    const data = await temporaryFolder()
    const double = new Double('/nowhere')
    double.isFirst = false
    await openDesktop(double.electron, { data, paths: ['/x'], switches: [] }, () => Promise.reject() as never)
    expect(double.called('requestSingleInstanceLock')).toEqual([[{ paths: ['/x'] }]])
    expect(double.called('quit')).toHaveLength(1)
    expect(double.windows).toEqual([])
  })

  it('keeps what was looked at in the File menu, also from one start to the next', async () => {
    const first = await open()
    const models = [fixture('sd1-tiny', 'sd1-tiny.safetensors'), shipped.demo]
    for (const path of [...models, models[0]]) await first.call('models.inspect', { source: { path } })
    await first.call('models.inspect', { source: { path: '/nowhere.safetensors' } })
    const recent = ({ double }: Desktop) => {
      const [menu] = double.called('setApplicationMenu').at(-1) as [MenuItemConstructorOptions[]]
      const items = menu.flatMap(({ submenu }) => (submenu as MenuItemConstructorOptions[] | undefined) ?? [])
      return items.find(({ label }) => label === 'Open recent')?.submenu as { label?: string; click(): void }[]
    }
    expect(recent(first).map(({ label }) => label)).toEqual([...models, undefined, 'Forget these'])
    expect(first.double.called('addRecentDocument')).toHaveLength(3)
    await first.quit()
    const second = await open({ data: first.data })
    expect(recent(second)).toHaveLength(4)
    recent(second)[1]?.click()
    expect(second.heard.at(-1)).toEqual({ name: 'system.opened', payload: { paths: [shipped.demo] } })
    recent(second).at(-1)?.click()
    expect(recent(second)).toHaveLength(2)
    expect(second.double.called('clearRecentDocuments')).toHaveLength(1)
  })

  it('is started again with what it is handed while it ends, and touches no window that is gone', async () => {
    const { double, quit } = await open()
    double.app.once('will-quit', () => {
      expect(double.window.isDestroyed()).toBe(true)
      double.app.emit('second-instance', {}, [], '/', { paths: ['/a.safetensors'] })
      double.app.emit('activate')
      double.nativeTheme.emit('updated')
      double.app.emit('open-file', { preventDefault() {} }, '/b.safetensors')
    })
    await quit()
    expect(double.called('relaunch')).toEqual([[{ args: ['--flag', '/a.safetensors', '/b.safetensors'] }]])
  })

  it('ends in order where its window is closed before the page is there', async () => {
    const data = await temporaryFolder()
    const { double } = await open({ data, loading: ({ window }) => void window.close() })
    await until(() => double.called('quit').length === 2)
    running.splice(0)
    expect(double.called('exit')).toEqual([])
    // Its data is free.
    await open({ data })
  })

  it('goes on where the page is loaded again before it is there', async () => {
    const loading = () => {
      throw Object.assign(new Error('ERR_ABORTED (-3) loading'), { code: 'ERR_ABORTED' })
    }
    const { double } = await open({ loading })
    expect(double.called('exit')).toEqual([])
  })

  it('closes what it had opened where its page cannot be loaded', async () => {
    const data = await temporaryFolder()
    const double = new Double('/nowhere')
    double.loading = () => Promise.reject(new Error('no page'))
    await openDesktop(double.electron, { data, paths: [], switches: [] }, () => Promise.reject() as never)
    expect(double.called('showErrorBox')[0]?.[0]).toContain('no page')
    expect(double.called('exit')).toEqual([[1]])
    await open({ data })
  })

  it('hides on a Mac instead of closing, out of full screen, and comes back when it is wanted', async () => {
    const platform = Object.getOwnPropertyDescriptor(process, 'platform')!
    Object.defineProperty(process, 'platform', { ...platform, value: 'darwin' })
    const { double, heard } = await open().finally(() => Object.defineProperty(process, 'platform', platform))
    const { window } = double
    window.fullScreen = true
    expect(window.close()).toBe(false)
    expect(window.hidden).toBe(false)
    await until(() => window.hidden)
    expect(window.fullScreen).toBe(false)
    double.app.emit('open-file', { preventDefault() {} }, '/finder.safetensors')
    expect(window.hidden).toBe(false)
    expect(heard.at(-1)?.name).toBe('system.opened')
    window.close()
    const [menu] = double.called('setApplicationMenu').at(-1) as [MenuItemConstructorOptions[]]
    const items = menu.flatMap(({ submenu }) => (submenu as MenuItemConstructorOptions[] | undefined) ?? [])
    ;(items.find(({ label }) => label === 'Gallery') as { click(): void }).click()
    expect(window.hidden).toBe(false)
  })

  it('says in a sentence that its data folder cannot be used', async () => {
    const file = join(await temporaryFolder(), 'file')
    await writeFile(file, '')
    const double = new Double('/nowhere')
    await openDesktop(double.electron, { data: file, paths: [], switches: [] }, () => Promise.reject() as never)
    expect(double.called('showErrorBox')[0]?.[0]).toMatch(/^The data folder .* cannot be used: /)
    expect(double.called('exit')).toEqual([[1]])
  })

  it('says in a sentence why it cannot be opened', async () => {
    const { data } = await open()
    const double = new Double('/nowhere')
    await openDesktop(double.electron, { data, paths: [], switches: [] }, () => Promise.reject() as never)
    expect(double.called('showErrorBox')[0]?.[0]).toBe('Another Cicerone Studio uses this data folder.')
    expect(double.called('exit')).toEqual([[1]])
  })
})
