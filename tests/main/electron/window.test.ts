import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { describe, expect, it } from 'vitest'
import { Opened } from '../../../main/hosts/electron/opened.ts'
import { startOf } from '../../../main/hosts/electron/start.ts'
import { placeFrom } from '../../../main/hosts/electron/window-place.ts'

const screens = [
  { x: 0, y: 0, width: 1920, height: 1040 },
  { x: 1920, y: 0, width: 1280, height: 1024 },
]
const kept = { x: 100, y: 80, width: 1200, height: 700, maximized: false }

describe('the place of the window', () => {
  it('is the one that was kept, on any screen', () => {
    expect(placeFrom(kept, screens)).toEqual(kept)
    expect(placeFrom({ ...kept, x: 2500 }, screens)).toMatchObject({ x: 2500 })
  })

  it('is in the middle where its title bar could not be taken hold of', () => {
    for (const lost of [{ x: 3190 }, { y: -30 }, { y: 1030 }, { x: -1150 }])
      expect(placeFrom({ ...kept, ...lost }, screens)).toEqual({ width: 1200, height: 700, maximized: false })
    expect(placeFrom({ ...kept, x: 2500 }, screens.slice(0, 1))).not.toHaveProperty('x')
  })

  it('is usual where what was kept is nothing, and never too small', () => {
    for (const nothing of [null, undefined, 7, { x: 1 }, { ...kept, x: 1.5 }])
      expect(placeFrom(nothing, screens)).toEqual({ width: 1440, height: 900, maximized: false })
    expect(placeFrom({ ...kept, width: 5, height: 5 }, screens)).toMatchObject({ width: 720, height: 520 })
  })
})

describe('what it is started with', () => {
  it('are files and the data folder; other switches are Chromium’s', () => {
    const argv = ['/opt/cicerone', '--data-dir=data', '--no-sandbox', 'a.safetensors', '/b.safetensors', '-psn_0_1']
    const me = resolve('/home/me')
    expect(startOf(argv, me, false)).toEqual({
      data: join(me, 'data'),
      paths: [join(me, 'a.safetensors'), resolve('/b.safetensors')],
      switches: ['--data-dir=data', '--no-sandbox', '-psn_0_1'],
    })
    expect(startOf(['electron', 'dist/desktop', 'a', '--x'], me, true)).toMatchObject({
      paths: [join(me, 'a')],
      switches: ['dist/desktop', '--x'],
    })
  })

  it('takes a file by its address, as GNOME hands it over, and no other address', () => {
    const file = resolve('/home/me/my model.safetensors')
    const argv = ['/opt/cicerone', pathToFileURL(file).href, 'https://example.com/a', 'file://%', 'a:b', 'C:\\a']
    expect(startOf(argv, '/home', false).paths).toEqual([file, resolve('/home', 'a:b'), resolve('/home', 'C:\\a')])
  })

  it('waits until a window listens', () => {
    const opened = new Opened(['a'])
    opened.add(['b'])
    const heard: unknown[] = []
    const stop = opened.listen(paths => heard.push(paths))
    opened.add(['c'])
    stop()
    opened.add(['d'])
    opened.listen(paths => heard.push(paths))
    expect(heard).toEqual([['a', 'b'], ['c'], ['d']])
  })
})
