import { cp, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, test } from 'vitest'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { vaeConfig } from '../../../models/checkpoint/config/vae.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { UserError } from '../../../models/errors.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { fixture } from '../../support/fixtures.ts'
import { scratch, writeHollow } from './synthetic.ts'

const parent = scratch()
const folder = join(parent, 'model')
const at = (...path: string[]) => join(folder, ...path)
const load = async () => asBase(await describeModel(folder))

/** Rewrites the headers of a component under other keys or into other files; the data is a hole. */
const rewrite = async (
  component: string,
  file: string,
  placeOf: (key: string) => [file: string, key: string, ...shape: number[]],
) => {
  const { entries } = await readHeader(at(component, file))
  await rm(at(component, file))
  const places = [...entries.values()].map(entry => [entry, ...placeOf(entry.key)] as const)
  for (const [name, inside] of Map.groupBy(places, ([, name]) => name)) {
    const tensors = inside.map(
      ([{ dtype, shape }, , key, ...more]) => [key, [dtype.toUpperCase(), [...shape, ...more]]] as const,
    )
    await writeHollow(at(component, name), Object.fromEntries(tensors))
  }
  return entries
}

beforeEach(async () => {
  await rm(folder, { recursive: true, force: true })
  await cp(fixture('sd1-tiny', 'folder'), folder, { recursive: true })
})

describe('weights', () => {
  const weights = 'diffusion_pytorch_model.safetensors'

  test('full precision wins over half, and half is taken where it is all there is', async () => {
    await cp(at('unet', weights), at('unet', 'diffusion_pytorch_model.fp16.safetensors'))
    expect((await load()).unet.table.get('conv_in.weight')?.file).toContain(weights)
    await rm(at('unet', weights))
    expect((await load()).unet.table.get('conv_in.weight')?.file).toContain('.fp16.')
  })

  test('sharded, with the index that names each key', async () => {
    const { size } = (await load()).unet.table
    const shard = (key: string) => `diffusion_pytorch_model-0000${key.length % 2 === 0 ? 1 : 2}-of-00002.safetensors`
    const entries = await rewrite('unet', weights, key => [shard(key), key])
    const weight_map = Object.fromEntries([...entries.keys()].map(key => [key, shard(key)]))
    await writeFile(at('unet', `${weights}.index.json`), JSON.stringify({ weight_map }))
    const base = await load()
    expect(base.unet.table.size).toBe(size)
    expect(base.files).toHaveLength(4)
    expect(base.leftover).toEqual([])

    const promised = { ...weight_map, 'conv_in.extra': shard('conv_in.extra') }
    await writeFile(at('unet', `${weights}.index.json`), JSON.stringify({ weight_map: promised }))
    await expect(load()).rejects.toThrow(
      'lacks conv_in.extra, which unet/diffusion_pytorch_model.safetensors.index.json',
    )
  })

  test.each([
    ['../../secret.safetensors'],
    ['/etc/secret.safetensors'],
    ['..\\secret.safetensors'],
    ['C:secret.safetensors'],
    ['secret'],
    ['a\u0000.safetensors'],
    [7],
    [null],
  ])('an index that names %j is refused', async shard => {
    await writeHollow(join(parent, 'secret.safetensors'), { 'conv_in.weight': ['F16', [1]] })
    await rm(at('unet', weights))
    await writeFile(at('unet', `${weights}.index.json`), JSON.stringify({ weight_map: { 'conv_in.weight': shard } }))
    await expect(load()).rejects.toThrow(/names a file that may not be read/)
  })

  test.each([
    ['{}'],
    ['[]'],
    ['{"weight_map":7}'],
    ['{'],
    ['['.repeat(1e6)],
    ['{"weight_map":{"a":"none.safetensors"}}'],
  ])('an index of %.20s... is refused in words', async text => {
    await rm(at('unet', weights))
    await writeFile(at('unet', `${weights}.index.json`), text)
    await expect(load()).rejects.toThrow(UserError)
  })

  test('pickles alone are refused', async () => {
    await rename(at('unet', weights), at('unet', 'diffusion_pytorch_model.bin'))
    await expect(load()).rejects.toThrow(
      'unet/ holds only a PyTorch pickle (diffusion_pytorch_model.bin); pickles can run code and are refused.',
    )
  })

  test('what is wrong with a file is said with its place', async () => {
    await writeFile(at('vae', weights), '')
    await expect(load()).rejects.toThrow(`vae/${weights}: The file is empty.`)
    await rm(at('vae'), { recursive: true })
    await expect(load()).rejects.toThrow('The model lacks its folder vae/.')
    await mkdir(at('vae'))
    await expect(load()).rejects.toThrow('vae/ holds no weights (.safetensors).')
  })

  test('the attention of old VAEs, under its old names and as convolutions', async () => {
    const before = (await load()).vae
    const old: Record<string, string> = { to_q: 'query', to_k: 'key', to_v: 'value', 'to_out.0': 'proj_attn' }
    await rewrite('vae', weights, key => {
      const renamed = key.replace(/(attentions\.0\.)(to_q|to_k|to_v|to_out\.0)/, (_, block, name) => block + old[name])
      return renamed !== key && key.endsWith('.weight') ? [weights, renamed, 1, 1] : [weights, renamed]
    })
    const { vae, leftover } = await load()
    expect(leftover).toEqual([])
    expect([...vae.table.keys()].toSorted()).toEqual([...before.table.keys()].toSorted())
    expect(vae.table.get('decoder.mid_block.attentions.0.to_out.0.weight')).toMatchObject({
      key: 'decoder.mid_block.attentions.0.proj_attn.weight',
      shape: [64, 64],
    })
    expect(vae.keyOf('encoder.mid_block.attentions.0.to_v.bias')).toBe('encoder.mid_block.attentions.0.value.bias')
    expect(vaeConfig(vae)).toEqual(vaeConfig(before))
  })

  test('left-over tensors are listed, buffers are not', async () => {
    await rewrite('unet', weights, key => [weights, key === 'conv_out.bias' ? 'conv_out.stranger' : key])
    await rewrite('text_encoder', 'model.safetensors', key => [
      'model.safetensors',
      key.replace('final_layer_norm.bias', 'embeddings.position_ids'),
    ])
    const { leftover, ignored } = await load()
    expect(leftover.map(({ key }) => key)).toEqual(['conv_out.stranger'])
    expect(ignored.map(({ key }) => key)).toEqual(['text_model.embeddings.position_ids'])
  })
})

describe('the other files', () => {
  const edit = async (file: string, change: object) => {
    await writeFile(at(file), JSON.stringify({ ...JSON.parse(await readFile(at(file), 'utf8')), ...change }))
  }

  test.each([
    ['v_prediction', { value: 'v_prediction', sure: true }],
    ['sample', { value: 'sample', sure: true }],
    [null, { value: 'epsilon', sure: true }],
  ])('prediction type %s', async (prediction_type, expected) => {
    await edit('scheduler/scheduler_config.json', { prediction_type })
    expect((await load()).prediction).toMatchObject(expected)
  })

  test('a scheduler that predicts nothing known, a missing one, and a missing tokenizer', async () => {
    await edit('scheduler/scheduler_config.json', { prediction_type: 'flow' })
    await expect(load()).rejects.toThrow('prediction_type in scheduler/scheduler_config.json is "flow"')
    await rm(at('scheduler'), { recursive: true })
    await rm(at('tokenizer'), { recursive: true })
    const base = await load()
    expect(base.prediction).toMatchObject({ value: 'epsilon', sure: false })
    expect(base.scheduler).toBeUndefined()
    expect(base.textEncoders[0]?.tokenizer).toBeUndefined()
  })

  test('pipelines of other kinds', async () => {
    await edit('model_index.json', { _class_name: 'StableDiffusion3Pipeline', unet: undefined })
    await expect(load()).rejects.toThrow('This folder is a StableDiffusion3Pipeline, which has no UNet')
    await edit('model_index.json', { _class_name: '\u001b[2J' })
    await expect(load()).rejects.toThrow('This folder is a pipeline of another kind')
  })

  test.each([['{'], ['[]'], ['null'], ['"x"'], ['['.repeat(1e6)]])('model_index.json of %.20s', async text => {
    await writeFile(at('model_index.json'), text)
    await expect(load()).rejects.toThrow(UserError)
  })

  test('a config.json of absurd size', async () => {
    await writeFile(at('unet/config.json'), `{"x":"${'x'.repeat(17_000_000)}"}`)
    await expect(load()).rejects.toThrow('unet/config.json has 17 MB; no genuine one is that large.')
  })
})
