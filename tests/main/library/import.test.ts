import { createReadStream, openAsBlob } from 'node:fs'
import { copyFile, cp, lstat, mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../../main/app.ts'
import { headerOf } from '../../../renderer/api/header.ts'
import { fixture } from '../../support/fixtures.ts'
import { openStudio, own, record, refusal, temporaryFolder, trashFolder, until } from '../studio.ts'

/** First 10 digits of the file's SHA-256. */
const sd1Hash = async () => {
  const bytes = await crypto.subtle.digest('SHA-256', await readFile(fixture('sd1-tiny', 'sd1-tiny.safetensors')))
  return Buffer.from(bytes).toString('hex').slice(0, 10)
}

describe('import', () => {
  let outside = ''
  let original = ''
  beforeEach(async () => {
    outside = await temporaryFolder()
    original = join(outside, 'My Model v1.5.safetensors')
    await copyFile(fixture('sd1-tiny', 'sd1-tiny.safetensors'), original)
  })
  const open = async (data?: string) => {
    const app = await openStudio(data)
    // No sanity pictures: they take their time.
    app.library.onImported = async () => undefined
    return app
  }
  const shelf = (app: { data: string }) => readdir(join(app.data, 'models', 'bases'))
  const bring = (app: App, way: 'link' | 'copy' | 'in place', path = original) =>
    app.services.models.import({ source: { path }, way })

  it('copies: whole, with its time, told as it goes on, and once only', async () => {
    const app = await open()
    const progress = record(app, 'models.progress')
    await utimes(original, 1_600_000_000, 1_600_000_000.5)
    const { model, bytesCopied } = await bring(app, 'copy')
    const path = join(app.data, 'models', 'bases', 'My Model v1.5.safetensors')
    expect(model).toMatchObject({ id: 'my-model-v1-5', kind: 'base', name: 'My Model v1.5', place: 'copied', path })
    expect(model).toMatchObject({ usable: true, problem: null, architecture: 'sd1', nativeSize: 512, folder: null })
    expect(bytesCopied).toBe(19_469_966)
    expect((await readFile(path)).equals(await readFile(original))).toBe(true)
    expect((await stat(path)).mtimeMs).toBe(1_600_000_000_500)
    const copying = progress.filter(({ what }) => what === 'Copying My Model v1.5')
    expect(copying.at(-1)).toMatchObject({ done: 19_469_966, total: 19_469_966 })

    expect(await bring(app, 'copy')).toMatchObject({ model: { id: 'my-model-v1-5' }, bytesCopied: 0 })
    expect(await shelf(app)).toEqual(['My Model v1.5.safetensors'])

    const hash = await until(async () => (await own(app))[0]?.hash ?? undefined)
    expect(hash).toBe(await sd1Hash())
  })

  it('keeps two different files of one name apart', async () => {
    const app = await open()
    await bring(app, 'copy')
    await utimes(original, 1_700_000_000, 1_700_000_000)
    expect((await bring(app, 'copy')).model).toMatchObject({ id: 'my-model-v1-5-2', name: 'My Model v1.5' })
    expect((await shelf(app)).toSorted()).toEqual(['My Model v1.5-2.safetensors', 'My Model v1.5.safetensors'])
  })

  it.each(['copy', 'link'] as const)('keeps apart what differs in its bytes alone, by %s', async way => {
    const app = await open()
    const first = await bring(app, way)
    const tuned = join(await temporaryFolder(), 'My Model v1.5.safetensors')
    const bytes = await readFile(original)
    // In its last tensor: any training changes all of it
    bytes.fill(1, bytes.length - 4096, bytes.length - 2048)
    await writeFile(tuned, bytes)
    const { atimeMs, mtimeMs } = await stat(original)
    await utimes(tuned, atimeMs / 1000, mtimeMs / 1000)
    const second = await bring(app, way, tuned)
    expect(second.model.id).not.toBe(first.model.id)
    expect((await readFile(second.model.path)).equals(bytes)).toBe(true)
    for (const [path, { model }] of [[original, first] as const, [tuned, second] as const])
      expect(await bring(app, way, path)).toMatchObject({ model: { id: model.id }, bytesCopied: 0 })
    expect(await own(app)).toHaveLength(2)
  })

  it('takes a folder that was copied for the one that it is', async () => {
    const app = await open()
    const folder = fixture('sd1-tiny', 'folder')
    const { model } = await bring(app, 'copy', folder)
    expect(await bring(app, 'copy', folder)).toMatchObject({ model: { id: model.id }, bytesCopied: 0 })
  })

  it.each(['demo', 'demo-guide'])('gives no model the id %s, which ships with the studio', async name => {
    const data = await temporaryFolder()
    const app = await open(data)
    const path = join(outside, `${name}.safetensors`)
    await rename(original, path)
    const { model } = await bring(app, 'in place', path)
    expect(model.id).toBe(`${name}-model`)
    expect(await app.services.models.rename({ id: model.id, name: 'Mine' })).toMatchObject({ name: 'Mine' })
    // As an earlier studio may have left it
    await app.library.catalog.database.models.giveId(model.id, name)
    expect(await own(app)).toMatchObject([{ id: name }])
    await app.close()
    const again = await open(data)
    expect(await own(again)).toMatchObject([{ id: `${name}-model`, name: 'Mine', usable: true }])
    await again.services.models.remove({ id: `${name}-model` })
    expect(await own(again)).toEqual([])
  })

  it.each(['at once', 'after it was removed'])('brings in again what was missed, %s', async when => {
    const app = await open()
    const { model } = await bring(app, 'copy')
    await rm(model.path)
    await app.library.readAgain()
    expect(await own(app)).toMatchObject([
      { id: model.id, usable: false, problem: expect.stringContaining('not there') },
    ])
    if (when !== 'at once') await app.services.models.remove({ id: model.id })
    expect((await bring(app, 'copy')).model).toMatchObject({ id: model.id, usable: true, problem: null })
    expect((await own(app)).map(({ usable }) => usable)).toEqual([true])
    expect(await shelf(app)).toEqual(['My Model v1.5.safetensors'])
  })

  it('links: no byte is written, and the original may go', async () => {
    const app = await open()
    const { model, bytesCopied } = await bring(app, 'link')
    expect(model.place).toBe('linked')
    expect(bytesCopied).toBe(0)
    expect((await stat(model.path)).ino).toBe((await stat(original)).ino)
    await rm(original)
    expect(await app.library.resolveBase(model.id)).toMatchObject({ ref: model.id, path: model.path })
  })

  it('links and copies folders', async () => {
    const app = await open()
    const folder = join(outside, 'pipeline')
    await cp(fixture('sd1-tiny', 'folder'), folder, { recursive: true })
    await writeFile(join(folder, 'unet', 'diffusion_pytorch_model.bin'), 'a pickle that nobody needs')
    const linked = await bring(app, 'link', folder)
    expect(linked.model).toMatchObject({ place: 'linked', name: 'pipeline' })
    expect((await lstat(linked.model.path)).isSymbolicLink()).toBe(true)
    const copied = await bring(app, 'copy', folder)
    expect(copied.model).toMatchObject({ place: 'copied', usable: true })
    expect((await lstat(copied.model.path)).isDirectory()).toBe(true)
    expect(await readdir(join(copied.model.path, 'unet'))).toEqual([
      'config.json',
      'diffusion_pytorch_model.safetensors',
    ])
    await app.services.models.remove({ id: linked.model.id })
    expect((await readdir(folder)).length).toBeGreaterThan(3)
  })

  it('uses a model where it is, and says when it is not there', async () => {
    const data = await temporaryFolder()
    const app = await open(data)
    const { model, bytesCopied } = await bring(app, 'in place')
    expect(model).toMatchObject({ place: 'in place', path: original })
    expect(bytesCopied).toBe(0)
    expect(await readdir(app.data)).not.toContain('models')
    await app.close()
    await rename(original, `${original}.away`)
    const again = await open(data)
    expect((await own(again))[0]).toMatchObject({
      id: model.id,
      usable: false,
      problem: `${original} is not there at the moment.`,
    })
    expect((await refusal(again.library.resolveBase(model.id))).message).toContain('is not there')
    await rename(`${original}.away`, original)
    expect(await again.library.resolveBase(model.id)).toMatchObject({ path: original })
  })

  it('says of the header alone what a file is, and keeps nothing of it', async () => {
    const app = await open()
    const whole = await openAsBlob(original)
    const header = await headerOf(whole)
    expect(header.size).toBeLessThan(whole.size / 100)
    const start = { name: 'My Model v1.5.safetensors', size: whole.size }
    const sheet = await app.library.inspectStart(start, header.stream())
    const { ways, ...same } = await app.services.models.inspect({ source: { path: original } })
    expect(sheet).toEqual({ ...same, ways: ['copy'] })
    expect(ways).toContain('link')
    expect(await readdir(join(app.data, 'cache', 'uploads'))).toEqual([])
  })

  it('offers a browser no way to bring in what is refused', async () => {
    const app = await open()
    const path = fixture('bad-files', 'missing-tensor.safetensors')
    const whole = await openAsBlob(path)
    const start = { name: 'model.safetensors', size: whole.size }
    const sheet = await app.library.inspectStart(start, (await headerOf(whole)).stream())
    expect(sheet).toMatchObject({ kind: 'base', usable: false, ways: [] })
    expect((await app.services.models.inspect({ source: { path } })).problem).toBe(sheet.problem)
  })

  it('takes uploads in, under harmless names', async () => {
    const app = await open()
    const source = await app.library.uploads.receive('../../..\\evil: model?.safetensors', createReadStream(original))
    expect(await app.services.models.inspect({ source })).toMatchObject({ name: 'evil model', ways: ['copy'] })
    expect((await refusal(app.services.models.import({ source, way: 'link' }))).message).toContain('only be copied')
    const { model, bytesCopied } = await app.services.models.import({ source, way: 'copy' })
    expect(model).toMatchObject({ place: 'copied', path: join(app.data, 'models', 'bases', 'evil model.safetensors') })
    expect(bytesCopied).toBe(19_469_966)
    expect(await readdir(join(app.data, 'cache', 'uploads'))).toEqual([])
  })

  it('keeps nothing of an upload that breaks off', async () => {
    const app = await open()
    async function* broken() {
      yield new Uint8Array(100)
      throw new Error('the browser went away')
    }
    await expect(app.library.uploads.receive('a.safetensors', broken())).rejects.toThrow('went away')
    expect(await readdir(join(app.data, 'cache', 'uploads'))).toEqual([])
    for (const upload of ['..', '../models', crypto.randomUUID(), ''])
      expect((await refusal(app.services.models.inspect({ source: { upload } }))).message).toContain(
        'not there any more',
      )
  })

  it('renames the card alone', async () => {
    const app = await open()
    const { model } = await bring(app, 'link')
    expect(await app.services.models.rename({ id: model.id, name: ' Other ' })).toMatchObject({
      id: model.id,
      name: 'Other',
      path: model.path,
    })
    expect((await own(app))[0]).toMatchObject({ name: 'Other' })
    expect((await refusal(app.services.models.rename({ id: 'nothing', name: 'x' }))).message).toContain(
      'no model nothing',
    )
    expect((await refusal(app.services.models.rename({ id: 'demo', name: 'x' }))).message).toContain('keeps its name')
  })

  it('removes: a copy to the trash, of links the link, of what is in place nothing', async () => {
    const app = await open()
    const before = await readFile(original)
    for (const way of ['copy', 'link', 'in place'] as const) {
      const { model } = await bring(app, way)
      await app.services.models.remove({ id: model.id })
      expect(await own(app)).toHaveLength(0)
      expect(await shelf(app).catch(() => [])).toEqual([])
      expect((await readFile(original)).equals(before)).toBe(true)
      expect((await refusal(app.services.models.remove({ id: model.id }))).message).toContain('no model')
    }
    expect((await refusal(app.services.models.remove({ id: 'demo' }))).message).toContain('stays')
    if (process.platform !== 'linux') return
    const trashed = await readdir(join(trashFolder, 'Trash', 'files'))
    expect(trashed).toHaveLength(1)
    expect((await readFile(join(trashFolder, 'Trash', 'files', trashed[0] ?? ''))).equals(before)).toBe(true)
  })

  it('has the preview that stands beside the original, also of a copy', async () => {
    const app = await open()
    const preview = join(outside, 'My Model v1.5.preview.png')
    await sharp({ create: { width: 8, height: 8, channels: 3, background: 'red' } }).toFile(preview)
    const linked = (await bring(app, 'link')).model
    expect(linked.hasPreview).toBe(true)
    expect(await app.library.previewFile(linked.id)).toBe(preview)
    const copied = (await bring(app, 'copy')).model
    await rm(preview)
    expect(await app.library.previewFile(linked.id)).toBeUndefined()
    expect(await app.library.previewFile(copied.id)).toBe(
      join(app.data, 'models', 'bases', 'My Model v1.5-2.preview.png'),
    )
    await app.services.models.remove({ id: copied.id })
    expect(await shelf(app)).toEqual(['My Model v1.5.safetensors'])
  })

  it('finds models again that have no row, and clears away what was half-written', async () => {
    const data = await temporaryFolder()
    const bases = join(data, 'models', 'bases')
    await mkdir(bases, { recursive: true })
    await copyFile(original, join(bases, 'found.safetensors'))
    // No process has this number: Linux gives none above 4 million.
    await writeFile(join(bases, '.cicerone-99999999-x.part'), 'half')
    await mkdir(join(data, 'cache', 'uploads', crypto.randomUUID()), { recursive: true })
    const app = await open(data)
    expect(await own(app)).toMatchObject([{ id: 'found', place: 'copied', usable: true }])
    expect(await readdir(bases)).toEqual(['found.safetensors'])
    expect(await readdir(join(data, 'cache')).catch(() => [])).not.toContain('uploads')
  })

  it('sees that a file was replaced', async () => {
    const app = await open()
    const { model } = await bring(app, 'in place')
    await copyFile(fixture('bad-files', 'missing-tensor.safetensors'), original)
    expect((await refusal(app.library.resolveBase(model.id))).message).toContain('The model lacks')
    expect((await own(app))[0]).toMatchObject({
      usable: false,
      problem: expect.stringContaining('lacks'),
    })
  })
})
