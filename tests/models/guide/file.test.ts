import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import type { BaseCheckpoint, GuideCheckpoint } from '../../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { type GuideFacts, guideKey, guideMetadata, readGuideRecord } from '../../../models/checkpoint/guide-metadata.ts'
import { misfit } from '../../../models/checkpoint/misfit.ts'
import { UserError } from '../../../models/errors.ts'
import { assemble } from '../../../models/pipelines/assemble.ts'
import { generate } from '../../../models/pipelines/generate.ts'
import { loadGuide } from '../../../models/pipelines/guide.ts'
import { pair } from '../../../models/pipelines/pairing.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { readTensor } from '../../../models/tensor/safetensors/read.ts'
import { writeTensors } from '../../../models/tensor/safetensors/write.ts'
import { f32, type Tensor } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'
import { scratch } from '../checkpoint/synthetic.ts'

const folder = scratch()

const demo = async (): Promise<BaseCheckpoint> => asBase(await describeModel(shipped.demo))
const shippedGuide = async (): Promise<GuideCheckpoint> => asGuide(await describeModel(shipped.guide))

/** The prototype's tensors, as a file with other metadata or other tensors. */
async function rewritten(
  metadata: Readonly<Record<string, string>>,
  change: (tensors: Map<string, Tensor>) => void = () => {},
): Promise<string> {
  const { entries } = await readHeader(fixture('family', 'guide-tap1.safetensors'))
  const tensors = new Map<string, Tensor>()
  for (const [name, entry] of entries) tensors.set(name, await readTensor(entry))
  change(tensors)
  const path = join(folder, 'guide.safetensors')
  await writeTensors(path, tensors, metadata)
  return path
}

describe("a guide's metadata", () => {
  const facts: GuideFacts = {
    base: { architecture: 'sd1', predictionType: 'v_prediction', blockOutChannels: [64, 128, 160] },
    guidance: [1, 9],
    steps: [8, 32],
    recipe: { steps: 1080 },
    scores: { recovery: 0.64 },
  }

  it('is read as it was written, and other programs read what it is', async () => {
    const metadata = guideMetadata({ kind: 'tap1', modules: ['a'], facts }, { 'modelspec.title': 'Mine' })
    expect(readGuideRecord(metadata)).toEqual({ kind: 'tap1', modules: ['a'], facts })
    expect(metadata).toMatchObject({
      'modelspec.architecture': 'stable-diffusion-v1/guide',
      'modelspec.title': 'Mine',
    })
    const guide = asGuide(await describeModel(await rewritten(guideMetadata({ kind: 'tap1', modules: [], facts }, {}))))
    expect(guide.facts).toMatchObject({ guidance: [1, 9], scores: { recovery: 0.64 } })
    expect(guide.facts.base).toMatchObject({ predictionType: 'v_prediction', crossAttentionDim: 128, inChannels: 4 })
  })

  it.each([
    ['{', `The guide's metadata is damaged (${guideKey}).`],
    ['{"version":2,"kind":"tap9"}', 'This guide was made by a later version of the studio.'],
    ['{"version":1,"kind":"tap9","base":{}}', 'This guide is of the kind tap9, which this version does not know.'],
    ['{"version":1,"kind":"__proto__","base":{}}', 'This guide is of the kind __proto__, which'],
    ['{"version":1,"kind":"tap1","base":{"blockOutChannels":"64"}}', `${guideKey}: base.blockOutChannels`],
    ['{"version":1,"kind":"tap1","base":{},"guidance":[1]}', `${guideKey}: guidance`],
  ])('%s is said to be what is wrong, and nothing is plugged in', async (text, sentence) => {
    const path = await rewritten({ 'modelspec.architecture': 'stable-diffusion-v1/guide', [guideKey]: text })
    const model = await describeModel(path)
    expect(model.kind).toBe('guide')
    expect(() => asGuide(model)).toThrow(sentence)
  })

  it('may be anything without harm', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), text => {
        const read = readGuideRecord({ [guideKey]: text })
        expect(typeof read === 'string' || typeof read === 'object').toBe(true)
      }),
    )
  })
})

describe('a guide fits', () => {
  it('the base that it was made for, and says what it adds', async () => {
    const pairing = pair(await shippedGuide(), await demo())
    expect(pairing).toMatchObject({ fits: true, difference: null })
    // GUIDE.md of the prototype: 1.07 % and 0.9 %.
    expect(pairing.parametersRatio).toBeCloseTo(0.0107, 4)
    expect(pairing.arithmeticRatio).toBeCloseTo(0.0094, 3)
  })

  it.each([
    ['architecture', 'sdxl', "family (architecture) is sdxl, the base's is sd1."],
    ['predictionType', 'epsilon', "prediction type (predictionType) is epsilon, the base's is v_prediction."],
    ['inChannels', 9, "number of latent channels (inChannels) is 9, the base's is 4."],
    [
      'blockOutChannels',
      [320, 640],
      "channels of the UNet's levels (blockOutChannels) is 320-640, the base's is 64-128-160.",
    ],
    ['layersPerBlock', 2, "number of layers in a block (layersPerBlock) is 2, the base's is 1."],
    ['transformerLayers', [1, 1, 1], "(transformerLayers) is 1-1-1, the base's is 0-1-1."],
    ['midTransformerLayers', 0, "(midTransformerLayers) is 0, the base's is 1."],
    ['crossAttentionDim', 768, "width of the text states (crossAttentionDim) is 768, the base's is 128."],
  ])('no base whose %s differs', async (field, value, sentence) => {
    const guide = await shippedGuide()
    const other = { ...guide, facts: { ...guide.facts, base: { ...guide.facts.base, [field]: value } } }
    expect(misfit(other, await demo())).toContain(sentence)
  })
})

describe('a damaged guide is refused before it is plugged in', () => {
  const two = (...shape: number[]) => f32(new Float32Array(shape.reduce((n, size) => n * size, 1)), shape)

  function narrow(tensors: Map<string, Tensor>): void {
    const shapes = { i: [30, 160, 1, 1], n: [30], f: [60, 48], 'm.0': [30, 30, 3, 3], o: [160, 30, 1, 1] }
    for (const [layer, shape] of Object.entries(shapes)) {
      const name = layer.replace(/^./, '$&.0')
      tensors.set(`${name}.weight`, two(...shape)).set(`${name}.bias`, two(shape[0] as number))
    }
  }

  it.each<[string, (tensors: Map<string, Tensor>) => void, string]>([
    ['that lacks a tensor', tensors => tensors.delete('o.2.weight'), 'lacks o.2.weight.'],
    ['of another shape', tensors => tensors.set('n.0.weight', two(5)), 'n.0.weight has the shape [5] where [32] is'],
    ['for other channels', tensors => tensors.set('i.1.weight', two(32, 96, 1, 1)), '(blockOutChannels)'],
    ['whose widths do not divide', tensors => tensors.set('i.0.weight', two(30, 160, 1, 1)), 'i.0.bias has the shape'],
    ['whose first tensor is a scalar', tensors => tensors.set('i.0.weight', two()), 'i.0.weight has the shape []'],
    ['whose widths make no groups', narrow, 'The guide is damaged: groupNorm'],
  ])('%s', async (_, change, sentence) => {
    const path = await rewritten({ kind: 'tap1' }, change)
    await expect(loadGuide(asGuide(await describeModel(path)), await demo())).rejects.toThrow(sentence)
    await expect(loadGuide(asGuide(await describeModel(path)), await demo())).rejects.toBeInstanceOf(UserError)
  })

  it('whose layers the base does not have: it is said, and not plugged in by halves', async () => {
    const guide = await shippedGuide()
    const strange = guide.config.modules.map(name => (name.endsWith('resnets.0.conv2') ? name : `nowhere.${name}`))
    const other = { ...guide, config: { ...guide.config, modules: strange } }
    const difference = `it changes ${strange[0]}, which the base does not have.`
    expect(pair(other, await demo())).toMatchObject({ fits: false, difference: expect.stringContaining(difference) })
    await expect(loadGuide(other, await demo())).rejects.toThrow(difference)
    const none = { ...guide, config: { ...guide.config, modules: [] } }
    expect(pair(none, await demo()).difference).toBe('The guide is damaged: it names no layer that it changes.')
  })

  it('fits no base, and what it lacks and leaves over is listed', async () => {
    const path = await rewritten({ kind: 'tap1' }, tensors => {
      tensors.delete('o.2.weight')
      tensors.set('junk', two(3))
    })
    expect(pair(asGuide(await describeModel(path)), await demo())).toMatchObject({
      ...{ fits: false, difference: 'The guide lacks o.2.weight.' },
      ...{ missing: ['o.2.weight'], leftover: ['junk'] },
    })
  })

  it('is named where a NaN of it shows', async () => {
    const path = await rewritten({ kind: 'tap1' }, tensors => {
      const { shape } = tensors.get('o.1.weight') as Tensor
      tensors.set('o.1.weight', f32(new Float32Array(shape.reduce((n, size) => n * size, 1)).fill(Number.NaN), shape))
    })
    const base = await demo()
    const guide = await loadGuide(asGuide(await describeModel(path)), base)
    const pipeline = await assemble(base, { merges: shipped.merges })
    const painting = async () => {
      const numbers = { guidance: 4, steps: 1, seed: 1, count: 1, width: 64, height: 64, clipSkip: 1 }
      const words = { prompt: 'a cat', negative: '', method: 'guide', sampler: 'ddim', schedule: 'auto' } as const
      for await (const _ of generate(pipeline, { ...words, ...numbers }, { guide }));
    }
    try {
      await expect(painting()).rejects.toThrow('o.1.weight contains NaN; the guide is damaged.')
    } finally {
      await pipeline.sessions.release()
    }
  })
})
