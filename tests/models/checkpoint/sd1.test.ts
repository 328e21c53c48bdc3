import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import type { BaseCheckpoint, NetworkPart } from '../../../models/checkpoint/checkpoint.ts'
import { textConfig } from '../../../models/checkpoint/config/text.ts'
import { unetConfig } from '../../../models/checkpoint/config/unet.ts'
import { vaeConfig } from '../../../models/checkpoint/config/vae.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { dtypesOf, parameterCount, weightsOf } from '../../../models/checkpoint/summary.ts'
import type { TensorEntry } from '../../../models/tensor/entry.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { fixture } from '../../support/fixtures.ts'
import { type Headers, scratch, writeHollow } from './synthetic.ts'

const load = async (path: string) => asBase(await describeModel(path))
const parts = ({ unet, vae, textEncoders }: BaseCheckpoint) => [unet, vae, ...textEncoders]

let single: BaseCheckpoint
let folder: BaseCheckpoint
beforeAll(async () => {
  single = await load(fixture('sd1-tiny', 'sd1-tiny.safetensors'))
  folder = await load(fixture('sd1-tiny', 'folder'))
})

describe('sd1-tiny, one file and folder', () => {
  test('hold the same names with the same shapes and bytes', async () => {
    const files = new Map<string, Buffer>()
    for (const path of [...single.files, ...folder.files]) files.set(path, await readFile(path))
    const content = ({ file, offset, bytes, shape, dtype }: TensorEntry) =>
      `${dtype} ${shape} ${files
        .get(file)
        ?.subarray(offset, offset + bytes)
        .toString('latin1')}`
    for (const [i, part] of parts(single).entries()) {
      const other = parts(folder)[i] as NetworkPart
      expect([...part.table.keys()].toSorted()).toEqual([...other.table.keys()].toSorted())
      for (const [name, entry] of part.table) {
        expect(content(entry) === content(other.table.get(name)!), name).toBe(true)
      }
    }
    expect(parts(single).map(({ table }) => table.size)).toEqual([682, 240, 52])
  })

  test('name every parameter as the file does', async () => {
    for (const part of [...parts(single), ...parts(folder)]) {
      for (const [name, { key }] of part.table) expect(part.keyOf(name)).toBe(key)
    }
    expect(single.unet.keyOf('up_blocks.9.nothing.weight')).toBe('model.diffusion_model.up_blocks.9.nothing.weight')
  })

  test('leave nothing over; what is ignored is known by name', () => {
    expect(single.leftover).toEqual([])
    expect(folder.leftover).toEqual([])
    expect(single.ignored.map(({ key }) => key)).toEqual([
      'cond_stage_model.transformer.text_model.embeddings.position_ids',
      'alphas_cumprod',
    ])
  })

  test('give equal configurations, with and without config.json', () => {
    const text = { vocabSize: 49408, hiddenSize: 64, intermediateSize: 256, layers: 3, heads: 1, positions: 77 }
    for (const { unet, vae, textEncoders } of [single, folder]) {
      expect(unetConfig(unet)).toEqual({
        inChannels: 4,
        outChannels: 4,
        blockOutChannels: [64, 64, 64, 64],
        layersPerBlock: 2,
        transformerLayers: [1, 1, 1, 0],
        midTransformerLayers: 1,
        heads: [8, 8, 8, 8],
        crossAttentionDim: 64,
        linearProjection: false,
        normGroups: 32,
        normEps: 1e-5,
      })
      expect(vaeConfig(vae)).toEqual({
        inChannels: 3,
        outChannels: 3,
        latentChannels: 4,
        blockOutChannels: [64, 64, 64, 64],
        layersPerBlock: 2,
        normGroups: 32,
        scalingFactor: 0.18215,
        shiftFactor: 0,
        useQuantConv: true,
        usePostQuantConv: true,
        midBlockAttention: true,
        patchSize: 1,
      })
      expect(textEncoders.map(textConfig)).toEqual([{ ...text, activation: 'quick_gelu', normEps: 1e-5 }])
    }
  })

  test('are described for people', () => {
    expect(single).toMatchObject({
      kind: 'base',
      layout: 'ldm',
      architecture: 'sd1',
      prediction: { value: 'epsilon', sure: true },
    })
    expect(folder).toMatchObject({
      layout: 'diffusers',
      architecture: 'sd1',
      prediction: { value: 'epsilon', sure: true },
    })
    expect(folder.scheduler?.timestep_spacing).toBe('leading')
    expect(folder.textEncoders[0]?.tokenizer?.config?.model_max_length).toBe(77)
    expect(dtypesOf(weightsOf(single))).toBe('f16')
    expect(parameterCount(weightsOf(single))).toBe(parameterCount(weightsOf(folder)))
  })
})

describe('variations of one file', () => {
  const out = scratch()

  /** sd1-tiny's header with its keys or shapes changed; the data is a hole. */
  const changed = async (
    change: (key: string, shape: readonly number[]) => [string, readonly number[]] | undefined,
  ) => {
    const { entries } = await readHeader(fixture('sd1-tiny', 'sd1-tiny.safetensors'))
    const tensors: Record<string, [string, readonly number[]]> = {}
    for (const [key, { dtype, shape }] of entries) {
      const pair = change(key, shape)
      if (pair) tensors[pair[0]] = [dtype.toUpperCase(), pair[1]]
    }
    return writeHollow(join(out, 'changed.safetensors'), tensors)
  }

  test('a text encoder that lacks text_model.', async () => {
    const base = await load(await changed((key, shape) => [key.replace('.text_model.', '.'), shape]))
    expect([...base.textEncoders[0]!.table.keys()].toSorted()).toEqual(
      [...single.textEncoders[0]!.table.keys()].toSorted(),
    )
    expect(base.leftover).toEqual([])
    expect(base.textEncoders[0]!.keyOf('text_model.final_layer_norm.bias')).toBe(
      'cond_stage_model.transformer.final_layer_norm.bias',
    )
  })

  test('a missing tensor is missing under the name of the file, whichever it is', async () => {
    const gone = 'model.diffusion_model.middle_block.1.transformer_blocks.0.attn2.to_v.weight'
    const base = await load(await changed((key, shape) => (key === gone ? undefined : [key, shape])))
    const name = 'mid_block.attentions.0.transformer_blocks.0.attn2.to_v.weight'
    expect(base.unet.table.has(name)).toBe(false)
    expect(base.unet.keyOf(name)).toBe(gone)
    expect(unetConfig(base.unet)).toEqual(unetConfig(single.unet))
  })

  test.each([
    ['model.diffusion_model.input_blocks.1.0.in_layers.2.weight', 'unet'],
    ['model.diffusion_model.out.2.weight', 'unet'],
    ['first_stage_model.decoder.conv_in.weight', 'vae'],
    ['cond_stage_model.transformer.text_model.embeddings.position_embedding.weight', 'text'],
  ])('the configuration names %s when it is missing', async (gone, part) => {
    const base = await load(await changed((key, shape) => (key === gone ? undefined : [key, shape])))
    const configs = {
      unet: () => unetConfig(base.unet),
      vae: () => vaeConfig(base.vae),
      text: () => textConfig(base.textEncoders[0]!),
    }
    expect(configs[part as 'unet']).toThrow(`The model lacks ${gone}.`)
  })

  test('left-over tensors are listed, an EMA copy is not', async () => {
    const { entries } = await readHeader(fixture('sd1-tiny', 'sd1-tiny.safetensors'))
    const tensors: Record<string, Headers[string]> = {
      'model_ema.diffusion_modelinput_blocks00bias': ['F32', [4]],
      'model_ema.decay': ['F32', []],
      'model.diffusion_model.input_blocks.1.0.extra.weight': ['F16', [1]],
      'model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.bias': ['F16', [64]],
      'first_stage_model.encoder.down.0.attn.0.q.weight': ['F16', [1]],
      stranger: ['F16', [1]],
    }
    for (const [key, { dtype, shape }] of entries) tensors[key] = [dtype.toUpperCase(), shape]
    const base = await load(await writeHollow(join(out, 'extra.safetensors'), tensors))
    expect(base.leftover.map(({ key }) => key)).toEqual([
      'model.diffusion_model.input_blocks.1.0.extra.weight',
      'model.diffusion_model.input_blocks.1.1.transformer_blocks.0.attn1.to_q.bias',
      'first_stage_model.encoder.down.0.attn.0.q.weight',
      'stranger',
    ])
    expect(base.ignored).toHaveLength(4)
  })

  const widened = (channels: number) =>
    changed((key, shape) => [key, key.endsWith('input_blocks.0.0.weight') ? [64, channels, 3, 3] : shape])

  test('9 input channels are an inpainting model, to be painted with', async () => {
    const base = asBase(await describeModel(await widened(9)))
    expect(base).toMatchObject({ architecture: 'sd1', variant: 'inpainting' })
    expect(unetConfig(base.unet)).toMatchObject({ inChannels: 9, outChannels: 4 })
  })

  test.each([
    [5, 'depth', 'This is a depth model (its UNet takes 5 channels); it is recognised but not supported yet.'],
    [
      8,
      'edit',
      'This is a picture-editing model, InstructPix2Pix (its UNet takes 8 channels); it is recognised but not supported yet.',
    ],
  ])('%i input channels', async (channels, variant, sentence) => {
    const model = await describeModel(await widened(channels))
    expect(model).toMatchObject({ kind: 'base', architecture: 'sd1', variant })
    expect(() => asBase(model)).toThrow(sentence)
  })

  test('files without a VAE or a text encoder, and weights of eight bits', async () => {
    const without = (prefix: string) => changed((key, shape) => (key.startsWith(prefix) ? undefined : [key, shape]))
    await expect(load(await without('first_stage_model.'))).rejects.toThrow('This model holds a UNet but no VAE.')
    await expect(load(await without('cond_stage_model.'))).rejects.toThrow('holds a UNet but no text encoder.')
    const tensors = Object.fromEntries(weightsOf(single).map(({ key, shape }) => [key, ['F8_E4M3', shape] as const]))
    await expect(load(await writeHollow(join(out, 'f8.safetensors'), tensors))).rejects.toThrow('holds f8_e4m3 numbers')
  })

  test('blocks numbered absurdly cost nothing', async () => {
    const huge = 'model.diffusion_model.input_blocks.1.1.transformer_blocks.999999999.norm1.weight'
    const path = await changed((key, shape) => [key.endsWith('input_blocks.1.1.norm.weight') ? huge : key, shape])
    await expect(describeModel(path)).rejects.toThrow('numbers its blocks up to 999999999')
  })

  test('levels of unequal length are refused', async () => {
    const path = await changed((key, shape) => [key.replace('input_blocks.6.0.op', 'input_blocks.7.0.op'), shape])
    await expect(describeModel(path)).rejects.toThrow('12 input blocks and downsamples at 3, 7, 9; levels of unequal')
  })
})

describe('the default base', () => {
  test('a folder whose config.json says what shapes cannot', async () => {
    const base = await load(join(import.meta.dirname, '../../../resources/models/demo'))
    expect(unetConfig(base.unet)).toMatchObject({
      blockOutChannels: [64, 128, 160],
      layersPerBlock: 1,
      transformerLayers: [0, 1, 1],
      heads: [4, 4, 4],
      crossAttentionDim: 128,
    })
    expect(vaeConfig(base.vae)).toMatchObject({ patchSize: 4, scalingFactor: 1, normGroups: 16, inChannels: 48 })
    expect(textConfig(base.textEncoders[0]!)).toMatchObject({ heads: 4, positions: 24, vocabSize: 1503 })
    expect(base.prediction).toMatchObject({ value: 'v_prediction', sure: true })
    expect(base.leftover).toEqual([])
  })
})
