import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { MenuItemConstructorOptions } from 'electron'
import { describe, expect, it } from 'vitest'
import { menuOf } from '../../../main/hosts/electron/menu.electron.ts'

const renderer = join(import.meta.dirname, '../../../renderer')
const listed = globSync('**/*.{ts,svelte}', { cwd: renderer }).flatMap(file => [
  ...readFileSync(join(renderer, file), 'utf8').matchAll(/keys: '([^']+)'/g),
])
const keysOfWindow = new Set(listed.map(([, keys]) => keys))

function menu(isMac: boolean) {
  const pressed: string[] = []
  const chosen: string[] = []
  const opened: string[] = []
  const items = menuOf({
    ...{ isMac, isPackaged: true, name: 'Cicerone Studio' },
    actions: {
      press: keys => pressed.push(keys),
      add: () => undefined,
      ...{ openData() {}, openLog() {}, openCrashes() {} },
      ...{ recent: ['/a & b.safetensors'], open: (path: string) => opened.push(path), clearRecent() {} },
      channel: 'latest',
      choose: channel => chosen.push(channel),
    },
  })
  const all = (from: readonly MenuItemConstructorOptions[]): MenuItemConstructorOptions[] =>
    from.flatMap(item => [item, ...(Array.isArray(item.submenu) ? all(item.submenu) : [])])
  const click = (label: string) => (all(items).find(item => item.label === label) as { click(): void }).click()
  return { items: all(items), click, pressed, chosen, opened }
}

describe('the menu', () => {
  it('has only shortcuts that the window has, and leaves their keys to it', () => {
    const { items, pressed } = menu(false)
    const shortcuts = items.filter(item => item.registerAccelerator === false)
    for (const item of shortcuts) (item as { click(): void }).click()
    expect(pressed.length).toBeGreaterThan(7)
    expect(pressed.filter(keys => !keysOfWindow.has(keys))).toEqual([])
    expect(shortcuts.map(item => item.accelerator)).toContain('CmdOrCtrl+enter')
  })

  it('takes no key on a Mac that is also typed', () => {
    const accelerators = menu(true).items.flatMap(({ accelerator }) => accelerator ?? [])
    expect(accelerators.every(keys => keys.startsWith('CmdOrCtrl+'))).toBe(true)
  })

  it('opens again what was opened last', () => {
    for (const isMac of [true, false]) {
      const { click, opened } = menu(isMac)
      click('/a && b.safetensors')
      expect(opened).toEqual(['/a & b.safetensors'])
    }
  })

  it('shows the channel of updates and changes it', () => {
    const { items, click, chosen } = menu(false)
    expect(items.filter(({ type, checked }) => type === 'radio' && checked).map(({ label }) => label)).toEqual([
      'Finished versions',
    ])
    click('Off')
    expect(chosen).toEqual(['off'])
  })
})
