import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

interface Transfer {
  readonly types: string[]
  setData(type: string): void
}

/** The window's things that dragging uses; `cicerone` is what the desktop offers. */
async function open(cicerone?: object) {
  const listening = new Map<string, (event: object) => void>()
  const removeEventListener = (name: string) => listening.delete(name)
  vi.stubGlobal('window', { cicerone })
  vi.stubGlobal('location', { href: 'http://127.0.0.1/' })
  vi.stubGlobal('addEventListener', (name: string, listener: () => void) => listening.set(name, listener))
  vi.stubGlobal('removeEventListener', removeEventListener)
  const { bringsFiles, dragPictures } = await import('../../renderer/components/pictures/drag.ts')
  const types: string[] = []
  const dataTransfer: Transfer = { types, setData: type => types.push(type) }
  const drag = { dataTransfer, preventDefault: vi.fn() } as unknown as DragEvent
  const files = { dataTransfer: { types: ['Files'] } } as unknown as DragEvent
  const point = (type: string, buttons: number) => listening.get(type)?.({ type, buttons })
  return { bringsFiles, dragPictures, drag, types, files, point }
}

it('a browser drags one picture, which is no file from outside', async () => {
  const { bringsFiles, dragPictures, drag, types, files } = await open()
  expect(bringsFiles(files)).toBe(true)
  dragPictures(drag, [7, 8])
  types.push('Files')
  expect(types).toContain('DownloadURL')
  expect(bringsFiles(drag)).toBe(false)
  expect(drag.preventDefault).not.toHaveBeenCalled()
})

it('the desktop drags all as files, which bring nothing while they are over its own window', async () => {
  const dragOut = vi.fn()
  const { bringsFiles, dragPictures, drag, files, point } = await open({ dragOut })
  dragPictures(drag, [7, 8])
  expect(dragOut).toHaveBeenCalledWith([7, 8])
  expect(drag.preventDefault).toHaveBeenCalled()
  expect(bringsFiles(files)).toBe(false)
  point('pointermove', 1)
  expect(bringsFiles(files)).toBe(false)
  point('pointermove', 0)
  expect(bringsFiles(files)).toBe(true)
})
