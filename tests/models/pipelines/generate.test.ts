import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { nativeSize } from '../../../models/checkpoint/native-size.ts'
import { assemble, type Pipeline } from '../../../models/pipelines/assemble.ts'
import { generate, type Picture, type Trace } from '../../../models/pipelines/generate.ts'
import { type Guide, loadGuide } from '../../../models/pipelines/guide.ts'
import type { GenerateSettings } from '../../../models/pipelines/settings.ts'
import { type SamplerName, samplers } from '../../../models/samplers/index.ts'
import { scratch } from '../checkpoint/synthetic.ts'

const open = async (path: string) => assemble(asBase(await describeModel(path)), { merges: shipped.merges })

const settings: GenerateSettings = {
  prompt: 'a lemon',
  negative: '',
  method: 'cfg',
  guidance: 4,
  steps: 3,
  sampler: 'ddim',
  schedule: 'auto',
  seed: 5,
  count: 1,
  width: 128,
  height: 128,
  clipSkip: 1,
}

describe('generate', () => {
  let pipeline: Pipeline
  beforeAll(async () => {
    pipeline = await open(shipped.demo)
  })
  afterAll(() => pipeline.sessions.release())

  async function paint(changed: Partial<GenerateSettings>): Promise<Trace> {
    for await (const { trace } of generate(pipeline, { ...settings, ...changed })) return trace
    throw new Error('no picture came')
  }

  // Longer than the demo model's one chunk of 22 tokens.
  const long = 'blurry, ugly, dark, '.repeat(10)

  it.each([{ method: 'none' }, { method: 'cfg', guidance: 1 }] as const)(
    'does not let a negative prompt act without a pass of its own: %j',
    async unguided => {
      const [plain, told] = [await paint(unguided), await paint({ ...unguided, negative: long })]
      expect(told.image).toEqual(plain.image)
      expect(told.context.length).toBe(1)
    },
  )

  it('lets a negative prompt act with CFG, also one of several chunks', async () => {
    const [plain, told] = [await paint({}), await paint({ negative: long })]
    expect(told.image).not.toEqual(plain.image)
    expect(told.contextShape[0]).toBeGreaterThan(plain.contextShape[0])
  })
})

it('is cancelled before each run of the VAE, also while the picture to start from is encoded', async () => {
  const pipeline = await open(shipped.demo)
  let cancelled = false
  const run = vi.fn()
  const sessions = {
    ...pipeline.sessions,
    async encoder() {
      cancelled = true
      return { run, release: async () => {} }
    },
  }
  const signal = {
    throwIfAborted() {
      if (cancelled) throw new Error('It was cancelled.')
    },
  }
  const init = { pixels: new Float32Array(3 * 128 * 128), strength: 0.5 }
  const pictures = generate({ ...pipeline, sessions }, { ...settings, init }, { signal })
  await expect(pictures.next()).rejects.toThrow('It was cancelled.')
  expect(run).not.toHaveBeenCalled()
  await pipeline.sessions.release()
})

describe.each(Object.keys(samplers) as SamplerName[])('the sampler %s', sampler => {
  let pipeline: Pipeline
  let guide: Guide
  beforeAll(async () => {
    const base = asBase(await describeModel(shipped.demo))
    pipeline = await assemble(base, { merges: shipped.merges })
    guide = await loadGuide(asGuide(await describeModel(shipped.guide)), base)
  })
  afterAll(() => pipeline.sessions.release())

  async function paint(changed: Partial<GenerateSettings>): Promise<Picture> {
    const small = { width: 64, height: 64, steps: 4, sampler, ...changed }
    for await (const picture of generate(pipeline, { ...settings, ...small }, { guide })) return picture
    throw new Error('no picture came')
  }

  /** Calls of the network: two a step, the first step twice, or one a step. */
  const callsOf = (steps: number) =>
    sampler === 'heun' || sampler === 'dpmpp-sde' ? 2 * steps - 1 : sampler === 'pndm' ? steps + 1 : steps

  it.each([
    [{ method: 'none' }, (calls: number) => calls],
    [{ method: 'cfg', rescale: 0.7 }, (calls: number) => 2 * calls],
    [{ method: 'guide' }, (calls: number) => calls],
    [{ method: 'guide', refresh: 2 }, (calls: number) => calls + Math.ceil(calls / 2)],
    [{ method: 'reuse', refresh: 3 }, (calls: number) => calls + Math.ceil(calls / 3)],
    [{ method: 'interval', interval: [0, 1e9] }, undefined],
    [{ method: 'adaptive', agreement: -1 }, (calls: number) => calls + 1],
  ] as const)('paints with %j, and counts its passes', async (guidance, passes) => {
    const picture = await paint(guidance)
    expect(picture.trace.timesteps).toHaveLength(callsOf(4))
    expect(picture.trace.latents).toHaveLength(callsOf(4))
    if (passes) expect(picture.passes).toBe(passes(callsOf(4)))
    expect(picture.trace.latents.every(state => state.every(Number.isFinite))).toBe(true)
  })

  it('paints the same again, over a picture too, and with the fewest steps', async () => {
    const init = { pixels: new Float32Array(3 * 64 * 64).fill(0.5), strength: 0.5 }
    const [once, again] = [await paint({ init }), await paint({ init })]
    expect(again.pixels).toEqual(once.pixels)
    expect(once.trace.timesteps).toHaveLength(callsOf(2))
    expect((await paint({ init: { ...init, strength: 1 } })).trace.timesteps).toHaveLength(callsOf(4))
    const short = await paint({ steps: 1 })
    expect(short.trace.latents.at(-1)?.every(Number.isFinite)).toBe(true)
  })

  it('draws from the generator of each picture', async () => {
    const both: Picture[] = []
    const small = { width: 64, height: 64, steps: 3, sampler, count: 2 }
    for await (const picture of generate(pipeline, { ...settings, ...small })) both.push(picture)
    const alone = await paint({ steps: 3, seed: settings.seed + 1 })
    expect(both[1]?.seed).toBe(settings.seed + 1)
    expect(both[1]?.pixels).toEqual(alone.pixels)
    expect(both[1]?.trace.noise).toEqual(alone.trace.noise)
  })
})

describe('the seeds of a batch', () => {
  const paint = async (pipeline: Pipeline, changed: Partial<GenerateSettings>) => {
    const small = { width: 64, height: 64, steps: 1, sampler: 'euler-a', method: 'none' } as const
    const pictures = generate(pipeline, { ...settings, ...small, ...changed })
    return Array.fromAsync(pictures, ({ seed, pixels, trace: { noise } }) => ({ seed, pixels, noise }))
  }

  it('count up from its own, over the largest to 0, and give the same pictures whatever its size', async () => {
    const pipeline = await open(shipped.demo)
    const last = 2 ** 32 - 1
    const three = await paint(pipeline, { seed: last - 1, count: 3 })
    expect(three.map(({ seed }) => seed)).toEqual([last - 1, last, 0])
    expect(await paint(pipeline, { seed: last - 1, count: 2 })).toEqual(three.slice(0, 2))
    expect(await paint(pipeline, { seed: last, count: 2 })).toEqual(three.slice(1))
    expect(await paint(pipeline, { seed: 0 })).toEqual(three.slice(2))
    expect(three[0]?.noise).not.toEqual(three[1]?.noise)
    await pipeline.sessions.release()
  })
})

describe('a folder', () => {
  const folder = join(scratch(), 'base')
  const edit = async (file: string, change: (json: Record<string, unknown>) => string) => {
    await rm(folder, { recursive: true, force: true })
    await cp(shipped.demo, folder, { recursive: true })
    const path = join(folder, file)
    await writeFile(path, change(JSON.parse(await readFile(path, 'utf8'))))
    return open(folder)
  }

  it('may hold what Python writes as JSON', async () => {
    const { schedule } = await edit('scheduler/scheduler_config.json', json =>
      JSON.stringify({ ...json, note: 'no Infinity or NaN', lambda_min_clipped: 0 }).replace(
        '"lambda_min_clipped":0',
        '"lambda_min_clipped": -Infinity, "x": NaN',
      ),
    )
    expect(schedule).toMatchObject({ spacing: 'trailing', rescaleBetasZeroSnr: true })
  })

  it.each([-3, 0, 1_000_000, 16.5, '16', null])('may say nonsense of its own size: %j', async sample_size => {
    const { base } = await edit('unet/config.json', json => JSON.stringify({ ...json, sample_size }))
    expect(nativeSize(base)).toBe(512)
  })
})
