import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { fixture } from '../../support/fixtures.ts'
import { openStudio, own, temporaryFolder } from '../studio.ts'
import { cicerone } from './cicerone.ts'

const tiny = fixture('sd1-tiny', 'sd1-tiny.safetensors')

it('imports, lists, paints with and removes models', async () => {
  const data = await temporaryFolder()
  const run = async (...args: string[]) => {
    const { code, stdout, stderr } = await cicerone(...args, '--data-dir', data, '--json')
    return { code, stderr, told: JSON.parse(stdout) }
  }
  expect(await run('import', tiny, '--copy')).toMatchObject({
    code: 0,
    told: { id: 'sd1-tiny', kind: 'base', linked: false, bytesCopied: 19_469_966 },
  })
  expect((await run('import', tiny, fixture('sd1-tiny', 'folder'))).told).toMatchObject([
    { id: 'sd1-tiny-2', kind: 'base', linked: true, bytesCopied: 0 },
    { id: 'folder', kind: 'base', linked: true, bytesCopied: 0 },
  ])
  const ids = (await run('models')).told.map(({ id }: { id: string }) => id)
  expect(ids).toEqual(['demo', 'demo-guide', 'folder', 'sd1-tiny', 'sd1-tiny-2'])

  const small = ['--steps', '1', '--width', '64', '--height', '64', '--method', 'none', '--seed', '5']
  const painted = await run('generate', 'a cat', '--base', 'sd1-tiny', ...small)
  expect(painted.told.pictures).toMatchObject([{ seed: 5, width: 64, height: 64 }])
  expect(painted.told.pictures[0].path.startsWith(join(data, 'pictures'))).toBe(true)
  expect((await run('generate', 'a cat', '--base', 'sd1-tiny-2', ...small, '--out', join(data, 'out.png'))).code).toBe(
    0,
  )

  for (const id of ids.slice(2)) expect((await run('remove', id)).told).toEqual({ id })
  expect(await run('remove', 'sd1-tiny')).toMatchObject({
    code: 1,
    told: { error: 'There is no model sd1-tiny in the library.' },
  })
  expect(await readdir(join(data, 'models', 'bases'))).toEqual([])

  // The picture of the gallery has its row, with the hash of the base; the file has none.
  const app = await openStudio(data)
  const { items } = await app.services.gallery.page({ query: '', after: null, limit: 10 })
  expect(items).toMatchObject([{ seed: 5 }])
  const { settings } = await app.services.gallery.detail({ id: items[0]?.id ?? 0 })
  expect(settings?.base).toEqual({ name: 'sd1-tiny', hash: expect.stringMatching(/^[\da-f]{10}$/) })
}, 240_000)

it('works beside a running studio', async () => {
  const app = await openStudio()
  const { code } = await cicerone('import', tiny, '--data-dir', app.data, '--json')
  expect(code).toBe(0)
  expect(await own(app)).toMatchObject([{ id: 'sd1-tiny', place: 'linked' }])
})

it('says what cannot be imported, and leaves nothing', async () => {
  const data = await temporaryFolder()
  const { code, stdout, stderr } = await cicerone(
    'import',
    fixture('bad-files', 'page.safetensors'),
    '--data-dir',
    data,
    '--json',
  )
  expect(code).toBe(1)
  expect(JSON.parse(stdout).error).toContain('web page')
  expect(stderr).toContain('web page')
  expect(await readdir(data)).not.toContain('models')
  const both = await cicerone('import', tiny, '--copy', '--link', '--data-dir', data)
  expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('exclude each other') })
  const none = await cicerone('generate', 'a cat', '--base', 'no-such-model', '--data-dir', data, '--json')
  expect(none.code).toBe(1)
  expect(JSON.parse(none.stdout).error).toContain('There is no model no-such-model')
})

it('writes a picture to a file without touching the data folder', async () => {
  const data = await temporaryFolder()
  const out = join(await temporaryFolder(), 'a.png')
  const small = ['--steps', '1', '--width', '64', '--height', '64', '--method', 'none', '--out', out]
  expect((await cicerone('generate', 'a cat', '--data-dir', data, ...small)).code).toBe(0)
  expect(await readdir(data)).toEqual([])
})
