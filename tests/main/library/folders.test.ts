import {
  copyFile,
  cp,
  link,
  mkdir,
  open,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import type { App } from '../../../main/app.ts'
import { writeHollow } from '../../models/checkpoint/synthetic.ts'
import { fixture } from '../../support/fixtures.ts'
import { openStudio, own, record, refusal, temporaryFolder, until } from '../studio.ts'

const kohya = {
  'lora_unet_x.lora_down.weight': ['F16', [4, 4]],
  'lora_unet_x.lora_up.weight': ['F16', [4, 4]],
} as const
const key = '0a1b2c3d-1111-2222-3333-444455556666'

/** `[path below the folder, kind, usable]` of every model that was found, by path. */
const found = async ({ services }: App, root: string) =>
  (await services.models.list({}))
    .filter(({ folder }) => folder === root)
    .map(({ path, kind, usable }) => [path.slice(root.length + 1), kind, usable])
    .toSorted(([a], [b]) => (String(a) < String(b) ? -1 : 1))

describe('a models folder', () => {
  let root = ''
  const put = async (path: string) => {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await link(fixture('sd1-tiny', 'sd1-tiny.safetensors'), join(root, path)).catch(() =>
      copyFile(fixture('sd1-tiny', 'sd1-tiny.safetensors'), join(root, path)),
    )
  }
  beforeEach(async () => {
    root = await temporaryFolder()
  })

  it('is used as A1111, ComfyUI and InvokeAI lay it out, and nothing in it is written', async () => {
    await put('models/Stable-diffusion/old/base.safetensors')
    await writeFile(join(root, 'models/Stable-diffusion/old/base.preview.png'), 'a picture')
    await writeHollow(join(root, 'models/Lora/style.safetensors'), kohya)
    await copyFile(fixture('bad-files', 'torch-zip.ckpt'), join(root, 'models/Stable-diffusion/torch-zip.ckpt'))
    // What was written just now might not be whole yet.
    await utimes(join(root, 'models/Stable-diffusion/torch-zip.ckpt'), 1_600_000_000, 1_600_000_000)
    await put('checkpoints/comfy.safetensors')
    await mkdir(join(root, 'vae'))
    await copyFile(fixture('bad-files', 'vae-only.safetensors'), join(root, 'vae/vae.safetensors'))
    await cp(fixture('sd1-tiny', 'folder'), join(root, 'sd-1/main/pipeline'), { recursive: true })
    await put(`invoke/${key}/model.safetensors`)
    await mkdir(join(root, 'invoke/model_images'))
    await writeFile(join(root, `invoke/model_images/${key}.webp`), 'a picture')
    await put('.git/hidden.safetensors')
    const before = await readdir(root, { recursive: true })

    const app = await openStudio()
    expect(await app.services.models.addFolder({ path: root })).toEqual({ path: root, models: 7, missing: false })
    expect(await found(app, root)).toEqual([
      ['checkpoints/comfy.safetensors', 'base', true],
      [`invoke/${key}/model.safetensors`, 'base', true],
      ['models/Lora/style.safetensors', 'lora', true],
      ['models/Stable-diffusion/old/base.safetensors', 'base', true],
      ['models/Stable-diffusion/torch-zip.ckpt', 'other', false],
      ['sd-1/main/pipeline', 'base', true],
      ['vae/vae.safetensors', 'vae', false],
    ])
    const cards = await app.services.models.list({})
    expect(cards.find(({ path }) => path.endsWith('.ckpt'))?.problem).toContain('PyTorch pickle')
    expect(await app.library.previewFile('base')).toBe(join(root, 'models/Stable-diffusion/old/base.preview.png'))
    const invoke = cards.find(({ path }) => path.includes(key))
    expect(await app.library.previewFile(invoke?.id ?? '')).toBe(join(root, `invoke/model_images/${key}.webp`))
    expect((await readdir(root, { recursive: true })).toSorted()).toEqual(before.toSorted())
    expect(await app.services.models.folders({})).toEqual([{ path: root, models: 7, missing: false }])
  })

  it('is watched: what is added, changed, renamed and removed', async () => {
    await put('a.safetensors')
    const app = await openStudio()
    await app.services.models.addFolder({ path: root })
    const changed = record(app, 'models.changed')
    const comes = (...names: string[]) =>
      until(async () => (await found(app, root)).map(([name]) => name).join() === names.join())
    await put('deep/er/b.safetensors')
    await comes('a.safetensors', 'deep/er/b.safetensors')
    await rename(join(root, 'a.safetensors'), join(root, 'c.safetensors'))
    await comes('c.safetensors', 'deep/er/b.safetensors')
    await rm(join(root, 'deep'), { recursive: true })
    await comes('c.safetensors')
    await rm(join(root, 'c.safetensors'))
    await copyFile(fixture('bad-files', 'missing-tensor.safetensors'), join(root, 'c.safetensors'))
    await until(async () => (await found(app, root))[0]?.[2] === false)
    await writeFile(join(root, 'c.png'), 'a picture')
    await until(async () => (await own(app))[0]?.hasPreview)
    expect(changed.at(-1)?.map(({ id }) => id)).toContain('demo')
  })

  it('does not judge a file that is still being written', async () => {
    const app = await openStudio()
    await app.services.models.addFolder({ path: root })
    const whole = fixture('sd1-tiny', 'sd1-tiny.safetensors')
    const { size } = await stat(whole)
    const changed = record(app, 'models.changed')
    const file = await open(join(root, 'slow.safetensors'), 'w')
    const bytes = await readFile(whole)
    await file.write(bytes.subarray(0, size / 2))
    await new Promise(resolve => setTimeout(resolve, 1200))
    await file.write(bytes.subarray(size / 2))
    await file.close()
    await until(async () => (await found(app, root))[0]?.[2])
    expect(changed.flat().filter(({ problem }) => problem?.includes('cut short'))).toEqual([])
  })

  it('is shown as missing while its disk is away, and comes back with its models', async () => {
    await put('a.safetensors')
    const data = await temporaryFolder()
    const first = await openStudio(data)
    await first.services.models.addFolder({ path: root })
    const before = await until(async () => (await own(first))[0])
    await first.services.models.rename({ id: before?.id ?? '', name: 'Mine' })
    await rename(root, `${root}-away`)
    await until(async () => (await first.services.models.folders({}))[0]?.missing)
    await until(async () => (await own(first))[0]?.usable === false)
    await first.close()

    const second = await openStudio(data)
    expect(await second.services.models.folders({})).toEqual([{ path: root, models: 1, missing: true }])
    expect((await own(second))[0]).toMatchObject({
      name: 'Mine',
      usable: false,
      problem: expect.stringContaining('not there'),
    })
    await rename(`${root}-away`, root)
    await until(async () => (await own(second))[0]?.usable)
    expect((await own(second))[0]).toEqual({ ...before, name: 'Mine' })
    await put('b.safetensors')
    await until(async () => (await found(second, root)).length === 2)
  })

  /** The card of a model below the folder. */
  const card = async (app: App, path: string) =>
    (await app.services.models.list({})).find(model => model.path === join(root, path))
  /** Waits until the folder has been looked through anew. */
  const lookedThrough = async (app: App, path: string) => {
    await put(path)
    await until(() => card(app, path))
  }

  it('keeps what it knows while a linked folder or file is away, or its mount point is empty', async () => {
    const drive = await temporaryFolder()
    await put('a.safetensors')
    for (const name of ['loras', 'single']) await mkdir(join(drive, name))
    for (const path of ['loras/b.safetensors', 'single/c.safetensors'])
      await copyFile(join(root, 'a.safetensors'), join(drive, path))
    await symlink(join(drive, 'loras'), join(root, 'linked'))
    await symlink(join(drive, 'single/c.safetensors'), join(root, 'c.safetensors'))
    const app = await openStudio()
    await app.services.models.addFolder({ path: root })
    const kept = ['linked/b.safetensors', 'c.safetensors']
    const before = await Promise.all(kept.map(path => until(() => card(app, path))))
    for (const { id } of before) await app.services.models.rename({ id, name: 'Mine' })
    const areKept = async () => {
      for (const [i, path] of kept.entries()) {
        const problem = expect.stringContaining('not there at the moment')
        expect(await card(app, path)).toMatchObject({ id: before[i]?.id, name: 'Mine', usable: false, problem })
      }
      expect(await card(app, 'a.safetensors')).toMatchObject({ usable: true })
    }

    await rename(drive, `${drive}-away`)
    await lookedThrough(app, 'd.safetensors')
    await until(async () => (await card(app, kept[0] ?? ''))?.usable === false)
    await areKept()
    await mkdir(join(drive, 'loras'), { recursive: true })
    await lookedThrough(app, 'e.safetensors')
    await areKept()

    await rm(drive, { recursive: true })
    await rename(`${drive}-away`, drive)
    await lookedThrough(app, 'f.safetensors')
    await until(async () => (await card(app, kept[0] ?? ''))?.usable)
    for (const [i, path] of kept.entries()) expect(await card(app, path)).toEqual({ ...before[i], name: 'Mine' })
    // What is deleted while the rest is there is gone.
    await rm(join(root, 'c.safetensors'))
    await until(async () => (await card(app, 'c.safetensors')) === undefined)
  })

  it('keeps what it knows when everything vanishes at once', async () => {
    await put('a.safetensors')
    await put('deep/b.safetensors')
    const data = await temporaryFolder()
    const app = await openStudio(data)
    await app.services.models.addFolder({ path: root })
    const before = await until(() => card(app, 'deep/b.safetensors'))
    await app.services.models.rename({ id: before.id, name: 'Mine' })
    const away = await temporaryFolder()
    const isMissing = async ({ services }: App) => (await services.models.folders({}))[0]?.missing === true
    const isKept = async (studio: App) => {
      await until(() => isMissing(studio))
      await until(async () => (await card(studio, 'a.safetensors'))?.usable === false)
      expect(await card(studio, 'deep/b.safetensors')).toMatchObject({ id: before.id, name: 'Mine', usable: false })
    }
    // The mount point stays
    for (const name of ['a.safetensors', 'deep']) await rename(join(root, name), join(away, name))
    await isKept(app)
    await app.close()
    const second = await openStudio(data)
    await isKept(second)
    for (const name of ['a.safetensors', 'deep']) await rename(join(away, name), join(root, name))
    await until(async () => (await card(second, 'a.safetensors'))?.usable)
    expect(await isMissing(second)).toBe(false)
    expect(await card(second, 'deep/b.safetensors')).toEqual({ ...before, name: 'Mine' })
    await lookedThrough(second, 'c.safetensors')

    // Or folders stay in it
    for (const name of ['a.safetensors', 'deep/b.safetensors', 'c.safetensors']) await rm(join(root, name))
    await isKept(second)
    await put('new.safetensors')
    await until(async () => (await found(second, root)).join() === 'new.safetensors,base,true')
    expect(await isMissing(second)).toBe(false)
  })

  it('knows the hash of a file that was painted with before it was found', async () => {
    await put('a.safetensors')
    const app = await openStudio()
    const path = join(root, 'a.safetensors')
    const hash = await (await app.library.resolveBase(path)).hash()
    expect(hash).toMatch(/^[0-9a-f]{10}$/)
    await app.services.models.addFolder({ path: root })
    await until(() => card(app, 'a.safetensors'))
    const choice = await app.library.resolveBase(path)
    expect(choice).toMatchObject({ ref: 'a', path })
    expect(await choice.hash()).toBe(hash)
    expect(await card(app, 'a.safetensors')).toMatchObject({ hash })
    await app.library.catalog.database.models.change('a', { usable: false, problem: 'It is painted all black.' })
    expect((await refusal(app.library.resolveBase(path))).message).toBe('It is painted all black.')
  })

  it('is watched behind its links as well, also where one leads to an empty folder or to another one later', async () => {
    const drive = await temporaryFolder()
    for (const name of ['ckpt/deep', 'empty', 'other']) await mkdir(join(drive, name), { recursive: true })
    await put('a.safetensors')
    const bring = (path: string) => copyFile(join(root, 'a.safetensors'), join(drive, path))
    await bring('ckpt/b.safetensors')
    // A circle behind the link, and the folders around it
    await symlink(root, join(drive, 'ckpt/deep/circle'))
    await symlink(join(drive, 'ckpt'), join(root, 'checkpoints'))
    await symlink(join(drive, 'empty'), join(root, 'loras'))
    const app = await openStudio()
    await app.services.models.addFolder({ path: root })
    await until(() => card(app, 'checkpoints/b.safetensors'))
    for (const [file, path] of [
      ['ckpt/c.safetensors', 'checkpoints/c.safetensors'],
      ['ckpt/deep/d.safetensors', 'checkpoints/deep/d.safetensors'],
      ['empty/e.safetensors', 'loras/e.safetensors'],
    ] as const) {
      await bring(file)
      await until(() => card(app, path), 4)
    }
    await mkdir(join(drive, 'ckpt/new'))
    await bring('ckpt/new/f.safetensors')
    await until(() => card(app, 'checkpoints/new/f.safetensors'), 4)
    await rm(join(drive, 'ckpt/c.safetensors'))
    await until(async () => !(await card(app, 'checkpoints/c.safetensors')), 4)

    await rm(join(root, 'loras'))
    await symlink(join(drive, 'other'), join(root, 'loras'))
    await lookedThrough(app, 'g.safetensors')
    await bring('other/h.safetensors')
    await until(() => card(app, 'loras/h.safetensors'), 4)
  })

  it.runIf(process.platform !== 'win32')('is watched where it is a link itself', async () => {
    const link = join(await temporaryFolder(), 'models')
    await put('deep/a.safetensors')
    await symlink(root, link)
    const app = await openStudio()
    await app.services.models.addFolder({ path: link })
    await put('deep/b.safetensors')
    await until(async () => (await found(app, link)).length === 2, 4)
  })

  it('survives links that lead in circles or nowhere', async () => {
    await put('a/model.safetensors')
    await symlink(root, join(root, 'a/circle'))
    await symlink('/no/such/file.safetensors', join(root, 'a/nowhere.safetensors'))
    const app = await openStudio()
    await app.services.models.addFolder({ path: root })
    await until(async () => (await found(app, root)).length === 1)
  })

  it('loses a model that is removed from the library, until the folder is added again', async () => {
    await put('a.safetensors')
    const app = await openStudio()
    await app.services.models.addFolder({ path: root })
    await app.services.models.remove({ id: 'a' })
    expect(await found(app, root)).toEqual([])
    expect(await readdir(root)).toEqual(['a.safetensors'])
    await app.services.models.removeFolder({ path: root })
    expect(await app.services.models.folders({})).toEqual([])
    await app.services.models.addFolder({ path: root })
    expect(await found(app, root)).toHaveLength(1)
  })

  it('is refused where it is none, or known', async () => {
    await put('a/b.safetensors')
    const app = await openStudio()
    const add = async (path: string) => (await refusal(app.services.models.addFolder({ path }))).message
    expect(await add(join(root, 'nothing'))).toContain('does not exist')
    expect(await add(join(root, 'a/b.safetensors'))).toContain('is not a folder')
    expect(await add('/')).toContain('too much')
    expect(await add(app.data)).toContain("studio's own folder")
    await app.services.models.addFolder({ path: root })
    expect(await add(root)).toContain('used already')
    expect(await add(join(root, 'a'))).toContain(`lies in ${root}`)
  })

  it('of 10,000 files is listed quickly when they are known', async () => {
    await writeHollow(join(root, 'one.safetensors'), kohya)
    for (let folder = 0; folder < 100; folder++) {
      await mkdir(join(root, String(folder)))
      const names = Array.from({ length: 100 }, (_, i) => join(root, String(folder), `lora-${folder}-${i}.safetensors`))
      await Promise.all(names.map(name => link(join(root, 'one.safetensors'), name)))
    }
    const data = await temporaryFolder()
    const first = await openStudio(data)
    const progress = record(first, 'models.progress')
    await first.services.models.addFolder({ path: root })
    await until(async () => (await found(first, root)).length === 10_001, 100)
    expect(progress.at(-1)).toEqual({ what: `Looking through ${root}`, done: 10_001, total: 10_001 })
    await first.close()

    const second = await openStudio(data)
    const seconds: number[] = []
    for (let n = 0; n < 3; n++) {
      const begin = performance.now()
      expect(await own(second)).toHaveLength(10_001)
      seconds.push((performance.now() - begin) / 1000)
    }
    expect(Math.min(...seconds)).toBeLessThan(2)
    await until(async () => (await found(second, root)).length === 10_001, 100)
  }, 240_000)
})
