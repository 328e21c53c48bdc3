import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { beforeAll, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import { asLora } from '../../../models/checkpoint/as-lora.ts'
import type { BaseCheckpoint } from '../../../models/checkpoint/checkpoint.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { requireFit } from '../../../models/checkpoint/misfit.ts'
import { guideKindNames } from '../../../models/networks/guide/index.ts'
import { assemble, plugged } from '../../../models/pipelines/assemble.ts'
import { generate } from '../../../models/pipelines/generate.ts'
import { loadLora } from '../../../models/pipelines/lora/load.ts'
import { resolveSettings } from '../../../models/pipelines/resolve.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { readMetrics } from '../../../models/training/run/metrics.ts'
import type { TrainProgress } from '../../../models/training/train.ts'
import { captions, losses, scratch, trainAt, writeBase, writePack, writeTokenizer } from './support.ts'

const { at } = scratch()
const common = { batch: 4, checkpointEvery: 1000, ema: 0.9, license: 'MIT' }

let base: BaseCheckpoint

beforeAll(async () => {
  await writeBase(at('base'))
  base = asBase(await describeModel(at('base')))
  await writePack(at('data'))
  await writeFile(at('prompts.txt'), captions.join('\n'))
})

it('denoise: fine-tunes a base and its text encoder, and what comes out paints', async () => {
  const recipe = {
    ...common,
    name: 'Colours',
    objective: 'denoise',
    base: at('base'),
    data: at('data'),
    trainText: true,
  }
  const { result, examples } = await trainAt(at('denoise'), {
    ...recipe,
    steps: 40,
    learningRate: 0.003,
    sampleEvery: 40,
  })
  expect(examples).toBe(160)
  const { first, last } = await losses(at('denoise'))
  expect(last).toBeLessThan(first * 0.7)
  const base = asBase(await describeModel(result))
  expect(base.metadata).toMatchObject({ 'modelspec.title': 'Colours', 'modelspec.license': 'MIT' })
  expect(JSON.parse(base.metadata['cicerone.training'] ?? '')).toMatchObject({
    steps: 40,
    recipe: { base: 'base', data: 'data' },
  })
  const pipeline = await assemble(base, shipped)
  expect(pipeline.schedule).toMatchObject({
    predictionType: 'v_prediction',
    rescaleBetasZeroSnr: true,
    spacing: 'trailing',
  })
  expect(pipeline.unused).toEqual([])
})

it('autoencode, then denoise: makes a VAE and a base from nothing', async () => {
  const vae = { block_out_channels: [16], norm_num_groups: 8, patch_size: 2 }
  const first = {
    ...common,
    name: 'A VAE',
    objective: 'autoencode',
    vae,
    data: at('data'),
    steps: 40,
    learningRate: 0.003,
  }
  const { result } = await trainAt(at('autoencode'), { ...first, sampleEvery: 40 })
  const seen = await losses(at('autoencode'))
  expect(seen.last).toBeLessThan(seen.first * 0.7)
  const samples = await readdir(at('autoencode', 'samples'))
  expect(samples.length).toBe(4)
  // A picture, and what came back of it, beside each other.
  const { info } = await sharp(at('autoencode', 'samples', samples[0] as string)).toBuffer({ resolveWithObject: true })
  expect(info).toMatchObject({ width: 32, height: 16, channels: 3 })

  await writeTokenizer(at('tokenizer'))
  const unet = {
    block_out_channels: [16, 32],
    layers_per_block: 1,
    attention: [false, true],
    attention_heads: 2,
    norm_num_groups: 8,
  }
  const text = {
    hidden_size: 16,
    intermediate_size: 32,
    num_hidden_layers: 1,
    num_attention_heads: 2,
    max_position_embeddings: 24,
  }
  const second = {
    ...common,
    name: 'A base',
    objective: 'denoise',
    vae: result,
    tokenizer: at('tokenizer'),
    unet,
    text,
  }
  const made = await trainAt(at('new'), { ...second, data: at('data'), steps: 40, learningRate: 0.003 })
  const noise = await losses(at('new'))
  expect(noise.last).toBeLessThan(noise.first * 0.8)
  const pipeline = await assemble(asBase(await describeModel(made.result)), shipped)
  expect(pipeline.unet).toMatchObject({ blockOutChannels: [16, 32], crossAttentionDim: 16, heads: [2, 2] })
  expect(pipeline.vae.scalingFactor).not.toBe(1)
  expect(pipeline.schedule).toMatchObject({
    predictionType: 'v_prediction',
    rescaleBetasZeroSnr: true,
    spacing: 'trailing',
  })
})

it('contrast: pictures find their captions', async () => {
  await writeTokenizer(at('tokenizer'))
  const recipe = { ...common, name: 'A scorer', objective: 'contrast', data: at('data'), tokenizer: at('tokenizer') }
  const { result } = await trainAt(at('contrast'), {
    ...recipe,
    channels: [16, 32],
    width: 32,
    steps: 40,
    learningRate: 0.003,
  })
  const { first, last } = await losses(at('contrast'))
  expect(last).toBeLessThan(first * 0.8)
  const { entries, metadata } = await readHeader(result)
  expect(entries.has('picture.projection.weight')).toBe(true)
  expect(JSON.parse(metadata['cicerone.scorer'] ?? '')).toMatchObject({ channels: [16, 32], text: { projection: 32 } })
})

it.each(guideKindNames)('guide: one of the kind %s comes closer to CFG, and fits its base', async kind => {
  const states = { count: 400, held: 64, teacherSteps: [4, 6] }
  const recipe = {
    ...common,
    name: 'A guide',
    objective: 'guide',
    base: at('base'),
    prompts: at('prompts.txt'),
    kind,
    states,
  }
  const run = at(`guide-${kind}`)
  const { result, scores } = await trainAt(run, { ...recipe, size: 0.05, steps: 60, learningRate: 0.01 })
  const metrics = await readMetrics(join(run, 'metrics.jsonl'))
  // An untrained guide is no guidance at all.
  expect(metrics[0]?.error).toBeCloseTo(1, 5)
  for (const kind of ['noised', 'teacher'])
    for (const w of [2, 4, 8]) expect(scores[`error w=${w} ${kind}`]).toBeLessThan(0.9)
  const guide = asGuide(await describeModel(result))
  expect(guide.facts).toMatchObject({ guidance: [1, 9], scores, recipe: { steps: 60 } })
  expect(() => requireFit(guide, { ...base, architecture: 'sd2' })).toThrow(/family/)
  requireFit(guide, base)
})

it('guide: runs that share a cache are trained on the same states, which the teacher gives once', async () => {
  const states = { count: 60, held: 8, teacherSteps: [2, 3] }
  const recipe = { ...common, name: 'A guide', objective: 'guide', base: at('base'), prompts: at('prompts.txt') }
  await mkdir(at('shared'))
  const cache = at('shared')
  /** Trains a kind for a step, and says what had to be prepared for it. */
  const prepared = async (kind: string): Promise<Set<string>> => {
    const doing = new Set<string>()
    const onProgress = (progress: TrainProgress) => progress.phase === 'prepare' && doing.add(progress.doing)
    const own = { ...recipe, kind, states, steps: 1, learningRate: 0.01 }
    await trainAt(at(`shared-${kind}`), own, { cache, onProgress })
    return doing
  }
  expect(await prepared('dice')).toContain('asking the teacher')
  expect(await prepared('encoder')).not.toContain('asking the teacher')
  // An untrained guide is no guidance: on the same states the same loss.
  const [first, second] = await Promise.all(
    ['dice', 'encoder'].map(kind => readMetrics(at(`shared-${kind}`, 'metrics.jsonl'))),
  )
  expect(second?.[0]?.loss).toBeCloseTo(first?.[0]?.loss as number, 5)
  expect(await readdir(at('shared-encoder', 'cache')).catch(() => [])).toEqual([])
})

it('guide: noises the pictures of a dataset where there is one', async () => {
  const states = { count: 100, held: 16, teacherSteps: [2, 3] }
  const recipe = {
    ...common,
    name: 'A guide',
    objective: 'guide',
    base: at('base'),
    prompts: at('prompts.txt'),
    data: at('data'),
  }
  await trainAt(at('guide-data'), { ...recipe, kind: 'tap1', states, steps: 2, learningRate: 0.01 })
  expect((await readdir(at('guide-data', 'cache'))).toSorted()).toEqual(['latents', 'states', 'texts'])
})

it('progressive: a guide learns to take two steps in one, twice over', async () => {
  const recipe = {
    ...common,
    name: 'Few steps',
    objective: 'progressive',
    base: at('base'),
    prompts: at('prompts.txt'),
  }
  const states = { count: 200, held: 32 }
  const guide = at('guide-lora1', 'result', 'guide.safetensors')
  const asked = { ...recipe, guide, states, stages: [8, 4, 2], steps: 40, learningRate: 0.01 }
  const { result } = await trainAt(at('progressive'), asked)
  for (const stage of ['8-4', '4-2']) {
    const { first, last } = await losses(at('progressive', 'stages', stage))
    expect(last).toBeLessThan(first)
  }
  expect(result).toBe(at('progressive', 'stages', '4-2', 'result', 'guide.safetensors'))
  const made = asGuide(await describeModel(result))
  expect(made.facts).toMatchObject({ steps: [2, 2] })
})

it.each(['kohya', 'peft'] as const)('lora: a fine-tune as a file in the layout %s', async layout => {
  const recipe = {
    ...common,
    name: 'A style',
    objective: 'lora',
    base: at('base'),
    data: at('data'),
    layout,
    trainText: true,
  }
  const run = at(`lora-${layout}`)
  const { result } = await trainAt(run, {
    ...recipe,
    rank: 4,
    alpha: 8,
    steps: 60,
    learningRate: 0.02,
    sampleEvery: 60,
  })
  const { first, last } = await losses(run)
  expect(last).toBeLessThan(first * 0.9)
  expect(await describeModel(result)).toMatchObject({ kind: 'lora' })
  await expectPainted(run, result)
  const { entries, metadata } = await readHeader(result)
  expect(metadata).toMatchObject({
    ss_network_dim: '4',
    ss_network_alpha: '8',
    'modelspec.architecture': 'stable-diffusion-v1/lora',
  })
  const layer = 'mid_block.attentions.0.transformer_blocks.0.attn2.to_k'
  const [down, up] =
    layout === 'kohya'
      ? ['lora_down', 'lora_up'].map(side => `lora_unet_${layer.replaceAll('.', '_')}.${side}.weight`)
      : ['lora_A', 'lora_B'].map(side => `unet.${layer}.${side}.weight`)
  expect(entries.get(down as string)?.shape).toEqual([4, 32])
  expect(entries.get(up as string)?.shape).toEqual([64, 4])
})

/** The samples of a LoRA's run are what its file paints: not what the base does. */
async function expectPainted(run: string, result: string): Promise<void> {
  const samples = (await readdir(join(run, 'samples'))).toSorted()
  expect(samples.length).toBe(4)
  const pipeline = await assemble(base, shipped)
  const lora = await loadLora(asLora(await describeModel(result)), base)
  const paint = async (strength: number) => {
    const settings = await resolveSettings(pipeline, {
      prompt: captions[0] as string,
      ...{ negative: '', method: 'cfg', guidance: 4, steps: 16, seed: 0, count: 1, clipSkip: 1 },
      ...{ schedule: 'auto', width: 16, height: 16 },
    })
    for await (const { pixels } of generate(plugged(pipeline, [{ lora, strength }]), settings)) return [...pixels]
    throw new Error('no picture came')
  }
  const shown = await sharp(join(run, 'samples', samples[0] as string))
    .raw()
    .toBuffer()
  expect([...shown]).toEqual(await paint(1))
  expect([...shown]).not.toEqual(await paint(0))
  await pipeline.sessions.release()
}
