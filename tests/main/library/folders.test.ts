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
import { openStudio, record, refusal, temporaryFolder, until } from '../studio.ts'

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
      ['models/Lora/style.safetensors', 'lora', false],
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
    await until(async () => (await app.services.models.list({}))[1]?.hasPreview)
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
    const [, before] = await first.services.models.list({})
    await first.services.models.rename({ id: before?.id ?? '', name: 'Mine' })
    await rename(root, `${root}-away`)
    await until(async () => (await first.services.models.folders({}))[0]?.missing)
    await until(async () => (await first.services.models.list({}))[1]?.usable === false)
    await first.close()

    const second = await openStudio(data)
    expect(await second.services.models.folders({})).toEqual([{ path: root, models: 1, missing: true }])
    expect((await second.services.models.list({}))[1]).toMatchObject({
      name: 'Mine',
      usable: false,
      problem: expect.stringContaining('not there'),
    })
    await rename(`${root}-away`, root)
    await until(async () => (await second.services.models.list({}))[1]?.usable)
    expect((await second.services.models.list({}))[1]).toEqual({ ...before, name: 'Mine' })
    await put('b.safetensors')
    await until(async () => (await found(second, root)).length === 2)
  })

  it('survives links that lead in circles or nowhere', async () => {
    await put('a/model.safetensors')
    await symlink(root, join(root, 'a/circle'))
    await symlink('/no/such/file.safetensors', join(root, 'a/nowhere.safetensors'))
    const app = await openStudio()
    expect(await app.services.models.addFolder({ path: root })).toMatchObject({ models: 1 })
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
    await until(async () => (await found(first, root)).length === 10_001)
    expect(progress.at(-1)).toEqual({ what: `Looking through ${root}`, done: 10_001, total: 10_001 })
    await first.close()

    const second = await openStudio(data)
    const seconds: number[] = []
    for (let n = 0; n < 3; n++) {
      const begin = performance.now()
      expect(await second.services.models.list({})).toHaveLength(10_002)
      seconds.push((performance.now() - begin) / 1000)
    }
    expect(Math.min(...seconds)).toBeLessThan(2)
    await until(async () => (await found(second, root)).length === 10_001)
  }, 120_000)
})
