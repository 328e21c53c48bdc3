import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { assemble, type Pipeline } from '../../../models/pipelines/assemble.ts'
import { condition } from '../../../models/pipelines/condition.ts'
import { generate, type Picture } from '../../../models/pipelines/generate.ts'
import { type Guide, loadGuide } from '../../../models/pipelines/guide.ts'
import type { GenerateSettings } from '../../../models/pipelines/settings.ts'
import { Generator } from '../../../models/tensor/random.ts'
import { f32 } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'

const settings: GenerateSettings = {
  prompt: 'a small red apple in the top left corner on a green background',
  negative: 'green background',
  method: 'guide',
  guidance: 4,
  steps: 4,
  sampler: 'ddim',
  schedule: 'auto',
  seed: 5,
  count: 1,
  width: 128,
  height: 128,
  clipSkip: 1,
}

const guideFile = (kind: string) => fixture('family', `guide-${kind}.safetensors`)

describe.each(['lora1', 'tap1'])('a guide of the kind %s', kind => {
  let pipeline: Pipeline
  let guide: Guide
  beforeAll(async () => {
    const base = asBase(await describeModel(shipped.demo))
    pipeline = await assemble(base, { merges: shipped.merges })
    guide = await loadGuide(asGuide(await describeModel(guideFile(kind))), base)
  })
  afterAll(() => pipeline.sessions.release())

  async function paint(changed: Partial<GenerateSettings>): Promise<Picture> {
    for await (const picture of generate(pipeline, { ...settings, ...changed }, { guide })) return picture
    throw new Error('no picture came')
  }

  it('is the base at w = 1, bit by bit', async () => {
    const plain = await paint({ method: 'none' })
    // Whatever was loaded in between.
    await paint({})
    const guided = await paint({ guidance: 1 })
    expect(guided.pixels).toEqual(plain.pixels)
    expect(guided.trace.latents).toEqual(plain.trace.latents)
    expect(guided.passes).toBe(plain.passes)
  })

  it('adds exactly nothing at w = 1, in the graph that it is plugged into', async () => {
    const { positive, tokens, width, means } = await condition(pipeline, { ...settings, guided: true })
    const inputs = {
      sample: f32(new Generator(3).normals(4 * 16 * 16), [1, 4, 16, 16]),
      timestep: f32(Float32Array.of(500)),
      context: f32(positive, [1, tokens, width]),
    }
    const told = (w: number, mean = means.positive) => ({
      guidance: f32(Float32Array.of(w)),
      positive: f32(mean, [1, width]),
      negative: f32(means.negative ?? mean, [1, width]),
    })
    const session = await pipeline.sessions.unet(guide)
    const data = async (w: number, mean?: Float32Array) =>
      Float32Array.from((await session.run({ ...inputs, ...told(w, mean) })).prediction?.data as Float32Array)
    // What it is told makes no difference where there is no guidance.
    expect(
      await data(
        1,
        means.positive.map(value => -3 * value),
      ),
    ).toEqual(await data(1))
    expect(await data(4)).not.toEqual(await data(1))
    const unguided = await data(1)
    const plain = await (await pipeline.sessions.unet()).run(inputs)
    const largest = Math.max(...unguided.map((value, i) => Math.abs(value - (plain.prediction?.data[i] as number))))
    expect(largest).toBeLessThan(1e-5)
  })

  it('takes one pass a step, heeds the negative prompt and the guidance scale', async () => {
    const guided = await paint({})
    expect(guided.passes).toBe(settings.steps)
    expect((await paint({ negative: '' })).pixels).not.toEqual(guided.pixels)
    expect((await paint({ guidance: 5 })).pixels).not.toEqual(guided.pixels)
    expect((await paint({ method: 'none' })).pixels).not.toEqual(guided.pixels)
  })

  it('comes closer to CFG than no guidance, and closer still where it is refreshed', async () => {
    const [cfg, none, guided, refreshed] = [
      await paint({ method: 'cfg' }),
      await paint({ method: 'none' }),
      await paint({}),
      await paint({ refresh: 2 }),
    ]
    const distance = (picture: Picture) =>
      picture.trace.image.reduce((sum, value, i) => sum + (value - (cfg.trace.image[i] as number)) ** 2, 0)
    expect(distance(guided)).toBeLessThan(0.5 * distance(none))
    expect(distance(refreshed)).toBeLessThan(0.5 * distance(guided))
    expect(refreshed.passes).toBe(6)
  })

  it('shares the memory of the base: switching methods holds its weights no second time', async () => {
    const switchOver = async (times: number) => {
      for (let i = 0; i < times; i++) for (const method of ['guide', 'cfg'] as const) await paint({ method, steps: 1 })
      return process.memoryUsage.rss()
    }
    const before = await switchOver(2)
    // One UNet is 34 MB: kept by every switch it would be 680 MB.
    expect((await switchOver(10)) - before).toBeLessThan(150 * 2 ** 20)
  })
})

describe('a guide and a base', () => {
  it('that do not belong together are refused, and the field is named', async () => {
    const other = asBase(await describeModel(join(fixture('sd1-tiny'), 'sd1-tiny.safetensors')))
    for (const kind of ['lora1', 'tap1'])
      await expect(loadGuide(asGuide(await describeModel(guideFile(kind))), other)).rejects.toThrow(
        "its width of the text states (crossAttentionDim) is 128, the base's is 64.",
      )
  })
})
