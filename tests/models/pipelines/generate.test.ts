import { cp, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { nativeSize } from '../../../models/checkpoint/native-size.ts'
import { assemble, type Pipeline } from '../../../models/pipelines/assemble.ts'
import { generate, type Trace } from '../../../models/pipelines/generate.ts'
import type { GenerateSettings } from '../../../models/pipelines/settings.ts'
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
