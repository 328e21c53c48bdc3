import { cp, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import type { BaseCheckpoint } from '../../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { nativeSize } from '../../../models/checkpoint/native-size.ts'
import { PipelineCache } from '../../../models/engine/pipeline-cache.ts'
import { assemble, type Pipeline } from '../../../models/pipelines/assemble.ts'
import { condition } from '../../../models/pipelines/condition.ts'
import { examine } from '../../../models/pipelines/examine.ts'
import { generate, type Picture } from '../../../models/pipelines/generate.ts'
import { type Guide, loadGuide } from '../../../models/pipelines/guide.ts'
import { pair } from '../../../models/pipelines/pairing.ts'
import { seenPrediction } from '../../../models/pipelines/prediction.ts'
import type { GenerateSettings } from '../../../models/pipelines/settings.ts'
import { f32, type Tensor } from '../../../models/tensor/tensor.ts'
import { writeRandomGuide } from '../../bench/random-guide.ts'
import { fixture } from '../../support/fixtures.ts'
import { type Build, randomWeights, writeFolder, writeSingle } from '../../support/random-base.ts'
import { scratch } from '../checkpoint/synthetic.ts'

const vae = {
  ...{ inChannels: 3, outChannels: 3, latentChannels: 4, blockOutChannels: [32, 64], layersPerBlock: 1 },
  ...{ normGroups: 32, scalingFactor: 0.13025, shiftFactor: 0, useQuantConv: true, usePostQuantConv: true },
  ...{ midBlockAttention: true, patchSize: 1 },
}
const unet = { inChannels: 4, outChannels: 4, linearProjection: true, normGroups: 32, normEps: 1e-5 }
const text = { vocabSize: 49_408, positions: 77, normEps: 1e-5 }
const clip = { ...text, hiddenSize: 32, intermediateSize: 48, layers: 2, heads: 1, activation: 'quick_gelu' } as const
const openClip = { ...text, hiddenSize: 128, intermediateSize: 96, layers: 4, heads: 2, activation: 'gelu' } as const

/** Of shapes that no published model has. */
const builds: Readonly<Record<'sd2' | 'sdxl' | 'sdxl-uneven' | 'sd2-no-middle', Build>> = {
  sd2: {
    unet: {
      ...{ ...unet, blockOutChannels: [32, 128], layersPerBlock: 3, transformerLayers: [2, 1] },
      ...{ midTransformerLayers: 1, heads: [1, 2], crossAttentionDim: 128 },
    },
    vae: { ...vae, scalingFactor: 0.18215 },
    texts: [openClip],
  },
  sdxl: {
    unet: {
      ...{ ...unet, blockOutChannels: [32, 96, 128, 64], layersPerBlock: 1, transformerLayers: [0, 3, 1, 2] },
      ...{ midTransformerLayers: 2, heads: [1, 1, 2, 1], crossAttentionDim: 160, additionInputs: 48 + 6 * 8 },
    },
    vae,
    // A projection that is not square shows whether it was turned round.
    texts: [clip, { ...openClip, projection: 48 }],
  },
  // As SSD-1B and Vega are: depths that differ from block to block, and a middle of one residual block.
  'sdxl-uneven': {
    unet: {
      ...{ ...unet, blockOutChannels: [32, 64, 128], layersPerBlock: 2, midTransformerLayers: 0 },
      transformerLayers: [0, { down: [2, 2], up: [2, 1, 1] }, { down: [1, 3], up: [1, 1, 4] }],
      ...{ heads: [1, 1, 2], crossAttentionDim: 160, additionInputs: 48 + 6 * 8 },
    },
    vae,
    texts: [clip, { ...openClip, projection: 48 }],
  },
  // As BK-SDM is: no middle at all; and a latent of more channels.
  'sd2-no-middle': {
    unet: {
      ...{ ...unet, inChannels: 6, outChannels: 6, blockOutChannels: [64, 32], layersPerBlock: 1 },
      ...{ transformerLayers: [1, 1], midTransformerLayers: null, heads: [1, 1], crossAttentionDim: 128 },
    },
    vae: { ...vae, scalingFactor: 0.18215, latentChannels: 6 },
    texts: [openClip],
  },
}

const settings: GenerateSettings = {
  ...{ prompt: 'a red boat, (calm) sea', negative: 'fog', method: 'cfg', guidance: 4, steps: 2, sampler: 'euler' },
  ...{ schedule: 'leading', prediction: 'epsilon', seed: 5, count: 1, width: 32, height: 48, clipSkip: 1 },
}

const open = async (path: string) => assemble(asBase(await describeModel(path)), { merges: shipped.merges })

async function paintWith(pipeline: Pipeline, changed: Partial<GenerateSettings> = {}, guide?: Guide): Promise<Picture> {
  for await (const picture of generate(pipeline, { ...settings, ...changed }, { guide })) return picture
  throw new Error('no picture came')
}

async function paintOnce(path: string, changed?: Partial<GenerateSettings>): Promise<Picture> {
  const pipeline = await open(path)
  const picture = await paintWith(pipeline, changed)
  await pipeline.sessions.release()
  return picture
}

const scratchFolder = scratch()
const at = (...names: string[]) => join(scratchFolder, ...names)

function expectSame(a: Picture, b: Picture): void {
  const largest = Math.max(...a.trace.latents.at(-1)!.map(Math.abs))
  expect(Number.isFinite(largest) && largest > 0).toBe(true)
  for (const key of ['context', 'latents'] as const)
    for (const [i, values] of a.trace[key].entries()) {
      const other = b.trace[key][i] as Float32Array
      const error = values.reduce((most, value, place) => Math.max(most, Math.abs(value - (other[place] as number))), 0)
      expect(error, `${key} ${i}`).toBeLessThan(1e-5 * Math.max(1, largest))
    }
}

describe.each(['sd2', 'sdxl', 'sdxl-uneven', 'sd2-no-middle'] as const)('%s of unusual shapes', family => {
  const build = builds[family]
  const weights = randomWeights(build)
  let whole: Picture
  beforeAll(async () => {
    await writeFolder(at(family), build, weights, { dtype: 'F32' })
    whole = await paintOnce(at(family))
  })

  it('is read from its shapes: nothing is missing or left over in one file', async () => {
    await writeSingle(at(`${family}.safetensors`), build, weights)
    const base = asBase(await describeModel(at(`${family}.safetensors`)))
    expect(base.architecture).toBe(family.split('-', 1)[0])
    expect(examine(base)).toEqual({ problems: [], leftover: [] })
    const pipeline = await open(at(`${family}.safetensors`))
    expect(pipeline.unet).toEqual(build.unet)
    expect(pipeline.vae).toEqual(build.vae)
    expect(pipeline.encoders.map(({ config }) => config)).toEqual(build.texts)
  })

  it.each(['F16', 'BF16', 'F32', 'mixed'] as const)('paints the same from one file in %s', async dtype => {
    const path = at(`${family}-${dtype}.safetensors`)
    await writeSingle(path, build, weights, dtype)
    expectSame(await paintOnce(path), whole)
    await rm(path)
  })

  it.each(['F16', 'BF16'] as const)('paints the same from a folder in shards of %s', async dtype => {
    await writeFolder(at(dtype), build, weights, { dtype, shards: 3 })
    expectSame(await paintOnce(at(dtype)), whole)
    await rm(at(dtype), { recursive: true })
  })

  it('paints over a picture', async () => {
    const pixels = new Float32Array(3 * 48 * 32).fill(0.25)
    const painted = await paintOnce(at(family), { init: { pixels, strength: 0.5 } })
    expect(painted.passes).toBe(2)
    expect(painted.trace.noise).toHaveLength(2)
    expectSame(painted, painted)
  })
})

describe('the text that SDXL is told', () => {
  const path = fixture('sdxl-tiny', 'sdxl-tiny.safetensors')
  let pipeline: Pipeline
  beforeAll(async () => {
    pipeline = await open(path)
  })
  afterAll(() => pipeline.sessions.release())
  const told = (changed: { prompt?: string; negative?: string | undefined; clipSkip?: number }, of = pipeline) =>
    condition(of, { prompt: 'a cat', guided: true, clipSkip: 1, ...changed })

  it('is nothing at all where there is no negative prompt, and an empty text where that is asked for', async () => {
    const [absent, empty] = [await told({}), await told({ negative: '' })]
    expect(absent.positive).toEqual(empty.positive)
    expect(absent.negative?.every(value => value === 0)).toBe(true)
    expect(absent.pooled?.negative?.every(value => value === 0)).toBe(true)
    expect(empty.negative?.every(value => value === 0)).toBe(false)
    expect(empty.pooled?.negative?.every(value => value === 0)).toBe(false)
  })

  it('is an empty text in both cases where its folder says so', async () => {
    await writeFolder(at('empty'), builds.sdxl, randomWeights(builds.sdxl), {
      index: { force_zeros_for_empty_prompt: false },
    })
    const other = await open(at('empty'))
    expect((await told({}, other)).negative).toEqual((await told({ negative: '' }, other)).negative)
    await other.sessions.release()
  })

  it('has the pooled text of its first chunk where it is long', async () => {
    const words = 'red blue green '.repeat(25)
    const [long, first] = [await told({ prompt: words.repeat(2), negative: 'a' }), await told({ prompt: words })]
    expect([long.tokens, first.tokens]).toEqual([154, 77])
    expect(long.positive).toHaveLength(154 * long.width)
    expect(long.negative).toHaveLength(154 * long.width)
    expect(long.pooled?.positive).toEqual(first.pooled?.positive)
    expect(Array.from(long.positive.subarray(0, 77 * long.width))).toEqual([...first.positive])
  })

  it('is taken before the last layer, however little is skipped, and deeper where more is', async () => {
    const [one, two, three] = [await told({ clipSkip: 1 }), await told({ clipSkip: 2 }), await told({ clipSkip: 3 })]
    expect(two.positive).toEqual(one.positive)
    expect(three.positive).not.toEqual(one.positive)
    await expect(paintWith(pipeline, { clipSkip: 4 })).rejects.toThrow('Clip skip 4 is more than this base has.')
  })
})

describe('memory', () => {
  it('holds one network at a time where no two fit: not both text encoders either', async () => {
    const counts = async (budget: number) => {
      const cache = new PipelineCache(budget)
      const { pipeline } = await cache.open(fixture('sdxl-tiny', 'sdxl-tiny.safetensors'), { merges: shipped.merges })
      const seen: number[] = []
      await condition(pipeline, { prompt: 'a cat', guided: true, clipSkip: 1 }, async (_, work) => {
        const done = await work()
        seen.push(pipeline.sessions.loaded().length)
        return done
      })
      await pipeline.sessions.unet()
      seen.push(pipeline.sessions.loaded().length)
      await cache.release()
      return seen
    }
    expect(await counts(0)).toEqual([1, 1, 1, 1, 1])
    expect(await counts(2 ** 30)).toEqual([1, 1, 2, 2, 3])
  })
})

describe('what the files do not say', () => {
  const sd2 = async () => asBase(await describeModel(fixture('sd2-tiny', 'sd2-tiny.safetensors')))

  /** A UNet that gives back so much of the noise that it is shown. */
  const answering = (base: BaseCheckpoint, share: number) => ({
    base,
    unet: builds.sd2.unet,
    sessions: {
      unet: async () => ({
        run: async ({ sample }: Record<string, Tensor>) => ({
          prediction: f32(Float32Array.from(sample?.data as Float32Array, (value, i) => share * value + Math.sin(i))),
        }),
      }),
    } as unknown as Pipeline['sessions'],
  })

  it('is seen by one pass: SD 2.x that gives the noise back predicts the noise', async () => {
    const base = await sd2()
    expect(base.prediction).toMatchObject({ value: 'v_prediction', sure: false })
    expect(await seenPrediction(answering(base, 3))).toBe('epsilon')
    expect(await seenPrediction(answering(base, 0))).toBe('v_prediction')
    const pipeline = await open(fixture('sd2-tiny', 'sd2-tiny.safetensors'))
    expect(await pipeline.prediction()).toBe('v_prediction')
    await pipeline.sessions.release()
  })

  it('is the size of the family, or what the files say', async () => {
    const base = await sd2()
    const factor = 4
    const sdxl = asBase(await describeModel(fixture('sdxl-tiny', 'sdxl-tiny.safetensors')))
    expect(nativeSize(base)).toBe(96 * factor)
    expect(nativeSize(base, 'epsilon')).toBe(64 * factor)
    expect(nativeSize(sdxl)).toBe(128 * factor)
    const stated = (resolution: string) => nativeSize({ ...sdxl, metadata: { 'modelspec.resolution': resolution } })
    expect(stated('640x640')).toBe(640)
    expect(stated('640x512')).toBe(128 * factor)
    // A VAE that halves three times, as every published one does.
    const table = new Map(base.vae.table)
    for (const [name, entry] of base.vae.table) table.set(name.replace('up_blocks.2.', 'up_blocks.3.'), entry)
    const vae = { ...base.vae, table }
    expect(nativeSize({ ...base, vae })).toBe(768)
    expect(nativeSize({ ...base, vae }, 'epsilon')).toBe(512)
    expect(nativeSize({ ...sdxl, vae })).toBe(1024)
  })

  it("takes the steps from noise alone where a file is marked so, and SDXL's offset from its scheduler", async () => {
    const base = await sd2()
    const schedule = async (changed: Partial<BaseCheckpoint>) =>
      (await assemble({ ...base, ...changed }, { merges: shipped.merges })).schedule
    expect(await schedule({})).toMatchObject({ spacing: 'leading', rescaleBetasZeroSnr: false, stepsOffset: 1 })
    expect(await schedule({ zeroSnr: true })).toMatchObject({ spacing: 'trailing', rescaleBetasZeroSnr: true })
    const scheduler = { _class_name: 'EulerDiscreteScheduler', steps_offset: 0 }
    expect(await schedule({ scheduler })).toMatchObject({ stepsOffset: 1 })
    const sdxl = asBase(await describeModel(fixture('sdxl-tiny', 'sdxl-tiny.safetensors')))
    expect(await schedule({ ...sdxl, scheduler })).toMatchObject({ stepsOffset: 0 })
  })
})

describe('guides', () => {
  it.each(['sd2-tiny', 'sdxl-tiny'])('of another family do not fit %s, and the field is named', async name => {
    const base = asBase(await describeModel(fixture(name, `${name}.safetensors`)))
    const guide = asGuide(await describeModel(shipped.guide))
    await expect(loadGuide(guide, base)).rejects.toThrow('The guide does not fit this base: its family (architecture)')
    expect(pair(guide, base).fits).toBe(false)
  })

  it.each([
    ['sd2-tiny', 'tap1'],
    ['sd2-tiny', 'lora1'],
    ['sdxl-tiny', 'tap1'],
    ['sdxl-tiny', 'lora1'],
  ] as const)('of its own family act on %s in one pass, and not at w = 1 (%s)', async (name, kind) => {
    const path = fixture(name, `${name}.safetensors`)
    await writeRandomGuide(at(`${name}-guide.safetensors`), path, kind)
    const pipeline = await open(path)
    const checkpoint = asGuide(await describeModel(at(`${name}-guide.safetensors`)))
    expect(pair(checkpoint, pipeline.base)).toMatchObject({ fits: true, difference: null })
    const guide = await loadGuide(checkpoint, pipeline.base)
    const size = { width: 64, height: 64 }
    const plain = await paintWith(pipeline, { ...size, method: 'none' }, guide)
    const guided = await paintWith(pipeline, { ...size, method: 'guide' }, guide)
    const unguided = await paintWith(pipeline, { ...size, method: 'guide', guidance: 1 }, guide)
    expect(guided.passes).toBe(settings.steps)
    expect(guided.pixels).not.toEqual(plain.pixels)
    expect(unguided.pixels).toEqual(plain.pixels)
    await pipeline.sessions.release()
  })
})

describe('parts of different families', () => {
  const weights = randomWeights(builds.sdxl)

  it('are refused before anything is loaded', async () => {
    await writeFolder(at('mixed'), builds.sdxl, new Map([...weights].filter(([name]) => name !== 'text_encoder_2')))
    await expect(open(at('mixed'))).rejects.toThrow(
      'add_embedding.linear_1.weight takes 96 numbers, which six sizes and the 0 of a pooled text do not make.',
    )
    const [own, wider] = [builds.sdxl, { ...clip, hiddenSize: 64 }]
    const encoders = randomWeights({ ...own, texts: [wider] }).get('text_encoder')!
    await writeFolder(at('mixed'), own, new Map([...weights, ['text_encoder', encoders]]))
    await expect(open(at('mixed'))).rejects.toThrow(
      'The UNet takes 160 numbers for each token of a prompt, and its text encoders give 192.',
    )
  })

  it('are told apart by the token that fills up: the map of tokens wins, and it has to be one', async () => {
    await writeFolder(at('mixed'), builds.sdxl, weights)
    const ids = async () => (await open(at('mixed'))).encoders.map(({ tokenizer }) => tokenizer.pad)
    expect(await ids()).toEqual([49_407, 0])
    await cp(fixture('tokenizer'), at('mixed/tokenizer_2'), { recursive: true })
    const say = (file: string, pad_token: unknown) =>
      writeFile(at('mixed/tokenizer_2', `${file}.json`), JSON.stringify({ pad_token }))
    await say('special_tokens_map', undefined)
    await say('tokenizer_config', undefined)
    expect(await ids()).toEqual([49_407, 49_407])
    await say('tokenizer_config', '"')
    expect(await ids()).toEqual([49_407, 1])
    await say('special_tokens_map', { content: '!' })
    expect(await ids()).toEqual([49_407, 0])
    await say('special_tokens_map', '<none>')
    await expect(open(at('mixed'))).rejects.toThrow('fills up with "<none>", which its vocabulary does not have.')
  })

  it('a refiner in a folder is named', async () => {
    await writeFolder(at('mixed'), builds.sdxl, weights, { index: { text_encoder: [null, null] } })
    const model = await describeModel(at('mixed'))
    expect(model).toMatchObject({ kind: 'refiner', architecture: 'sdxl-refiner' })
    expect(() => asBase(model)).toThrow('This is the SDXL refiner')
  })
})
