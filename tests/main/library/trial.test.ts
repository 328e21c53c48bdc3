import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { fixture } from '../../support/fixtures.ts'
import { idle, openStudio, pictures, refusal, small, until } from '../studio.ts'

it('paints a small picture with a new base, and keeps it as its preview', async () => {
  const app = await openStudio()
  const source = { path: fixture('sd1-tiny', 'sd1-tiny.safetensors') }
  const { model } = await app.services.models.import({ source, way: 'in place' })
  expect(model.hasPreview).toBe(false)
  const path = await until(() => app.library.previewFile(model.id))
  expect(await sharp(path).metadata()).toMatchObject({ width: 256, height: 256 })
  expect((await app.services.models.list({}))[1]).toMatchObject({ usable: true, hasPreview: true })
  expect(await pictures(app)).toEqual([])
})

it('finds out that a model computes nothing but NaN', async () => {
  const app = await openStudio()
  const source = { path: fixture('bad-files', 'nan-weights.safetensors') }
  const { model } = await app.services.models.import({ source, way: 'link' })
  const problem = 'model.diffusion_model.output_blocks.3.0.in_layers.2.weight contains NaN; the model is damaged.'
  await until(async () => (await app.services.models.list({}))[1]?.usable === false)
  expect((await app.services.models.list({}))[1]).toMatchObject({ problem, hasPreview: false })
  expect((await refusal(app.services.queue.enqueue(generateRequest.parse({ ...small, base: model.id })))).message).toBe(
    problem,
  )
  expect(await readdir(join(app.data, 'models', 'bases'))).toEqual(['nan-weights.safetensors'])
})

it('waits until nothing else is painted', async () => {
  const app = await openStudio()
  await app.services.queue.enqueue(generateRequest.parse({ ...small, steps: 60 }))
  const source = { path: fixture('sd1-tiny', 'sd1-tiny.safetensors') }
  const { model } = await app.services.models.import({ source, way: 'in place' })
  await until(async () => (await pictures(app)).length === 1)
  expect((await app.services.models.list({}))[1]?.hasPreview).toBe(false)
  await idle(app)
  await until(() => app.library.previewFile(model.id))
})
