import { join } from 'node:path'
import { expect, it } from 'vitest'
import { readPngText } from '../../../main/gallery/png.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { readTensor } from '../../../models/tensor/safetensors/read.ts'
import { type F32Tensor, f32 } from '../../../models/tensor/tensor.ts'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { fixture } from '../../support/fixtures.ts'
import { writeFloats } from '../../support/random-base.ts'
import { idle, openStudio, own, pictures, refusal, small, temporaryFolder } from '../studio.ts'

const sd1 = fixture('sd1-tiny', 'sd1-tiny.safetensors')
const zeros = (...shape: [number, number]) => f32(new Float32Array(shape[0] * shape[1]), shape)

/** Writes a base without its VAE, and that VAE alone. */
async function splitBase(folder: string): Promise<{ bare: string; vae: string }> {
  const [bare, vae] = [join(folder, 'bare.safetensors'), join(folder, 'vae.safetensors')]
  const base = asBase(await describeModel(sd1))
  const read = async (parts: readonly (typeof base.vae)[]) => {
    const tensors = new Map<string, F32Tensor>()
    for (const { table } of parts)
      for (const entry of table.values()) tensors.set(entry.key, (await readTensor(entry)) as F32Tensor)
    return tensors
  }
  await writeFloats(bare, await read([base.unet, ...base.textEncoders]))
  await writeFloats(vae, await read([base.vae]))
  return { bare, vae }
}

it('paints with a VAE of the library, also a base that has none, and records it', async () => {
  const app = await openStudio()
  const { queue, models, gallery } = app.services
  const { bare, vae } = await splitBase(await temporaryFolder())
  const add = async (path: string) => (await models.import({ source: { path }, way: 'copy' })).model
  const [base, other] = [await add(bare), await add(vae)]
  expect(base).toMatchObject({
    kind: 'base',
    usable: true,
    problem: 'It holds no VAE: choose one for it in Create, under More.',
  })
  expect(other).toMatchObject({ kind: 'vae', usable: true, problem: null })
  const request = generateRequest.parse({ ...small, base: base.id, seed: 1 })
  expect((await refusal(queue.enqueue(request))).message).toBe('This model holds a UNet but no VAE.')
  expect((await refusal(queue.enqueue({ ...request, vae: base.id }))).message).toBe('This is not a VAE.')
  expect((await refusal(queue.enqueue({ ...request, vae: 'gone' }))).message).toContain('There is no model gone')
  const misfit = fixture('sdxl-tiny', 'sdxl-tiny.safetensors')
  expect((await refusal(queue.enqueue({ ...request, vae: misfit }))).message).toContain(
    'The VAE does not fit this base',
  )
  expect((await queue.state({})).jobs).toEqual([])

  expect((await queue.enqueue({ ...request, vae: other.id })).request.vae).toBe(other.id)
  await queue.enqueue({ ...request, base: sd1 })
  await idle(app)
  const [first, second] = await pictures(app)
  const { settings } = await gallery.detail({ id: first?.id ?? 0 })
  expect(settings?.vae).toEqual({ name: 'vae', hash: expect.stringMatching(/^[\da-f]{10}$/) })
  expect((await gallery.detail({ id: second?.id ?? 0 })).settings?.vae).toBeUndefined()
  const colours = [first, second].map(picture => picture?.colour)
  expect(colours[0]).toBe(colours[1])
  expect((await own(app)).every(({ usable }) => usable)).toBe(true)
})

it('gives prompts the embeddings that they name, by the name here or of the file', async () => {
  const app = await openStudio()
  const { queue, models, gallery } = app.services
  const folder = await temporaryFolder()
  for (const name of ['fox', 'owl', 'unused'])
    await writeFloats(join(folder, `${name}.safetensors`), new Map([['emb_params', zeros(2, 64)]]))
  for (const name of ['fox', 'owl', 'unused']) {
    const source = { path: join(folder, `${name}.safetensors`) }
    const { model } = await models.import({ source, way: 'copy' })
    expect(model).toMatchObject({ kind: 'embedding', usable: true, problem: null })
    expect(model.path).toBe(join(app.data, 'models', 'embeddings', `${name}.safetensors`))
    if (name === 'owl') await models.rename({ id: model.id, name: 'Night bird' })
  }
  const lora = fixture('lora', 'kohya.safetensors')
  const unused = await models.import({ source: { path: lora }, way: 'copy' })
  await models.rename({ id: unused.model.id, name: 'unused' })
  const prompts = { prompt: 'a (FOX:1.2) BREAK embedding:owl <lora:unused:0.5>', negative: 'night bird, foxes' }
  await queue.enqueue(generateRequest.parse({ ...small, method: 'cfg', base: sd1, ...prompts }))
  await idle(app)
  const [picture] = await pictures(app)
  const { settings, file } = await gallery.detail({ id: picture?.id ?? 0 })
  const names = settings?.embeddings?.map(({ name }) => name).toSorted()
  expect(names).toEqual(['Night bird', 'fox', 'owl'])
  const written = (await readPngText(join(app.data, file))).get('parameters')
  expect(written).toMatch(/TI hashes: "(?:(?:fox|owl|Night bird): [\da-f]{10}(?:, |")){3}/)
})

it('says what an embedding and a base of other widths are, when it is painted', async () => {
  const app = await openStudio()
  const folder = await temporaryFolder()
  await writeFloats(join(folder, 'wide.safetensors'), new Map([['emb_params', zeros(1, 768)]]))
  const { model } = await app.services.models.import({
    source: { path: join(folder, 'wide.safetensors') },
    way: 'link',
  })
  expect(model.architecture).toBe('sd1')
  await app.services.queue.enqueue(generateRequest.parse({ ...small, base: sd1, prompt: 'a wide lake' }))
  await idle(app)
  const [job] = (await app.services.queue.state({})).jobs
  expect(job?.error?.message).toBe("The embedding wide holds vectors of 768 numbers, and this base's text takes 64.")
})
