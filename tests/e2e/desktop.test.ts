import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { fixture } from '../support/fixtures.ts'
import { type Desktop, desktopCommand, inElectron, startDesktop } from './support/desktop.ts'
import { temporaryData } from './support/studio.ts'

/** Only where there is an Electron: see support/desktop.ts. */
describe.runIf(inElectron)('the desktop window', { timeout: 180_000 }, () => {
  let studio: Desktop

  beforeAll(async () => {
    studio = await startDesktop(await temporaryData(), {})
  }, 180_000)
  afterAll(() => studio?.stop())

  it('paints with the engine under its own node', async () => {
    const { api, next } = await studio.connect()
    const painted = next('gallery.changed')
    await api.queue.enqueue({ prompt: 'a strawberry', steps: 2, width: 64, height: 64, method: 'none' })
    const [picture] = (await painted).added
    const size = await studio.page.evaluate(async id => {
      const image = new Image()
      image.src = `/pictures/${id}`
      await image.decode()
      return [image.naturalWidth, image.naturalHeight]
    }, picture?.id)
    expect(size).toEqual([64, 64])
  })

  it('has nothing of Node, no network, no other window', async () => {
    const found = await studio.page.evaluate(async () => ({
      node: ['require', 'process', 'module', 'Buffer', 'ipcRenderer'].filter(name => name in globalThis),
      offered: Object.keys(window.cicerone ?? {}).toSorted(),
      opened: window.open('https://example.com/'),
      fetched: await fetch('https://example.com/').then(
        () => true,
        () => false,
      ),
      camera: await navigator.mediaDevices.getUserMedia({ video: true }).then(
        () => true,
        () => false,
      ),
    }))
    expect(found).toEqual({
      node: [],
      offered: ['call', 'dragOut', 'onEvent', 'pathOf'],
      opened: null,
      fetched: false,
      camera: false,
    })
  })

  it('takes the files of a second start, which ends', async () => {
    const [binary, ...before] = desktopCommand()
    const model = fixture('sd1-tiny', 'sd1-tiny.safetensors')
    const second = spawn(binary, [...before, `--data-dir=${studio.data}`, model], { stdio: 'ignore' })
    expect((await once(second, 'close'))[0]).toBe(0)
    await studio.page.getByRole('dialog').getByText('What it is').waitFor()
    await studio.page.keyboard.press('Escape')
  })
})
