import { copyFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseParameters } from '../../../main/gallery/parameters.ts'
import { readPngText } from '../../../main/gallery/png.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { readTensor } from '../../../models/tensor/safetensors/read.ts'
import { type F32Tensor, f32 } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'
import { writeFloats } from '../../support/random-base.ts'
import { cicerone } from './cicerone.ts'

const sd1 = fixture('sd1-tiny', 'sd1-tiny.safetensors')

describe('what stands beside a base on the command line', () => {
  let folder = ''
  const at = (name: string) => join(folder, name)
  const paint = (base: string, out: string, ...rest: string[]) =>
    cicerone(
      ...['generate', rest.shift() ?? '', '--base', base, '--data-dir', at('data'), '--out', at(out)],
      ...['--seed', '3', '--steps', '2', '--width', '64', '--height', '64', '--method', 'cfg', ...rest],
    )
  const pixels = (name: string) => sharp(at(name)).raw().toBuffer()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cicerone-beside-'))
    const { vae, textEncoders } = asBase(await describeModel(sd1))
    const tensors = new Map<string, F32Tensor>()
    for (const entry of vae.table.values()) tensors.set(entry.key, (await readTensor(entry)) as F32Tensor)
    await writeFloats(at('same.safetensors'), tensors)
    const brighter = new Map(tensors)
    const bias = tensors.get('first_stage_model.decoder.conv_out.bias')!
    brighter.set(
      'first_stage_model.decoder.conv_out.bias',
      f32(
        bias.data.map(value => value + 0.5),
        bias.shape,
      ),
    )
    await writeFloats(at('brighter.safetensors'), brighter)
    const table = textEncoders[0]!.table.get('text_model.embeddings.token_embedding.weight')!
    const { data } = (await readTensor(table)) as F32Tensor
    const width = table.shape[1] as number
    // The rows of "red fox".
    const rows = [736, 3240].flatMap(id => [...data.subarray(id * width, (id + 1) * width)])
    await writeFloats(
      at('my-fox.safetensors'),
      new Map([['emb_params', f32(Float32Array.from(rows), [2, width])]]),
      'F32',
    )
    await copyFile(at('my-fox.safetensors'), at('other.safetensors'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('paints with another VAE by path, and tells the picture', async () => {
    for (const [out, vae] of [
      ['a.png'],
      ['b.png', at('same.safetensors')],
      ['c.png', at('brighter.safetensors')],
    ] as const)
      expect((await paint(sd1, out, 'a fox', ...(vae === undefined ? [] : ['--vae', vae]))).code).toBe(0)
    const [own, same, brighter] = [await pixels('a.png'), await pixels('b.png'), await pixels('c.png')]
    expect(same.equals(own)).toBe(true)
    const mean = (values: Buffer) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(mean(brighter)).toBeGreaterThan(mean(own) + 20)
    const { settings } = parseParameters((await readPngText(at('c.png'))).get('parameters') ?? '')
    expect(settings.vae).toEqual({ name: 'brighter', hash: expect.stringMatching(/^[\da-f]{10}$/) })
    expect(parseParameters((await readPngText(at('a.png'))).get('parameters') ?? '').settings.vae).toBeUndefined()
  })

  it('finds embeddings and VAEs of the library, by name and by id', async () => {
    const named = await paint(sd1, 'd.png', 'a my-fox in the snow')
    expect(named.code).toBe(0)
    for (const name of ['my-fox', 'brighter'])
      expect((await cicerone('import', at(`${name}.safetensors`), '--copy', '--data-dir', at('data'))).code).toBe(0)
    expect((await paint(sd1, 'e.png', 'a (MY-FOX:1.2) in the snow', '--negative', 'other')).code).toBe(0)
    expect((await paint(sd1, 'f.png', 'a (red fox:1.2) in the snow', '--negative', 'other')).code).toBe(0)
    expect((await pixels('e.png')).equals(await pixels('f.png'))).toBe(true)
    expect((await pixels('d.png')).equals(await pixels('f.png'))).toBe(false)
    const read = async (name: string) => parseParameters((await readPngText(at(name))).get('parameters') ?? '').settings
    expect((await read('e.png')).embeddings).toEqual([{ name: 'my-fox', hash: expect.stringMatching(/^[\da-f]{10}$/) }])
    expect((await read('f.png')).embeddings).toBeUndefined()
    expect((await paint(sd1, 'g.png', 'a fox', '--vae', 'brighter')).code).toBe(0)
    expect((await pixels('g.png')).equals(await pixels('c.png'))).toBe(true)
  })

  it.each([
    [
      'a VAE that is none',
      ['a fox', '--vae', sd1.replaceAll('sd1-tiny', 'sd2-tiny')],
      'The VAE does not fit this base: a cell of its latent is 4 pixels wide',
    ],
    ['a VAE that is not there', ['a fox', '--vae', 'no-such-vae'], 'There is no model no-such-vae in the library'],
    ['an embedding as a VAE', ['a fox', '--vae', 'my-fox'], 'This is not a VAE.'],
  ])('refuses %s', async (_, rest, sentence) => {
    const { code, stderr } = await paint(sd1, 'never.png', ...rest)
    expect(stderr).toContain(sentence)
    expect(code).toBe(1)
  })

  it('refuses an embedding of another width, naming both', async () => {
    const { code, stderr } = await paint(fixture('sdxl-tiny', 'sdxl-tiny.safetensors'), 'never.png', 'a my-fox')
    expect(stderr).toMatch(/The embedding my-fox holds vectors of 64 numbers, and this base's text takes \d+ and \d+\./)
    expect(code).toBe(1)
  })
})
