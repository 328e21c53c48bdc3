import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it, vi } from 'vitest'
import type { App } from '../../../main/app.ts'
import { fixture } from '../../support/fixtures.ts'
import { openStudio, temporaryFolder, until } from '../studio.ts'

/** Folders that the disk does not read: an administrator, as who tests may run, can be denied none. */
const sick = vi.hoisted(() => new Set<string>())
vi.mock('node:fs/promises', async original => {
  const real = await original<typeof import('node:fs/promises')>()
  const readdir = async (path: string, options: { withFileTypes: true }) => {
    if (sick.has(path)) throw Object.assign(new Error(`EIO: i/o error, scandir '${path}'`), { code: 'EIO' })
    return real.readdir(path, options)
  }
  return { ...real, readdir }
})

it('keeps what it knows of a folder that cannot be read', async () => {
  const root = await temporaryFolder()
  const model = fixture('sd1-tiny', 'sd1-tiny.safetensors')
  const put = async (name: string) => copyFile(model, join(root, name))
  const card = async ({ services }: App, id: string) => (await services.models.list({})).find(model => model.id === id)
  await mkdir(join(root, 'inner/deep'), { recursive: true })
  await put('inner/deep/a.safetensors')
  await put('b.safetensors')
  const app = await openStudio()
  await app.services.models.addFolder({ path: root })
  await until(() => card(app, 'a'))
  await app.services.models.rename({ id: 'a', name: 'Mine' })
  const before = await card(app, 'a')

  sick.add(join(root, 'inner'))
  await put('c.safetensors')
  await until(() => card(app, 'c'))
  await until(async () => (await card(app, 'a'))?.usable === false)
  expect(await card(app, 'a')).toMatchObject({ name: 'Mine', problem: expect.stringContaining('not there') })
  expect(await card(app, 'b')).toMatchObject({ usable: true })

  sick.clear()
  await put('d.safetensors')
  await until(() => card(app, 'd'))
  await until(async () => (await card(app, 'a'))?.usable)
  expect(await card(app, 'a')).toEqual(before)

  sick.add(root)
  await until(async () => (await app.services.models.folders({}))[0]?.missing)
  await until(async () => (await card(app, 'b'))?.usable === false)
  expect(await card(app, 'a')).toMatchObject({ name: 'Mine', usable: false })
})
