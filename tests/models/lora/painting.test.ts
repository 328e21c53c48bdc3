import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { assemble, type Pipeline, plugged } from '../../../models/pipelines/assemble.ts'
import { generate, type Picture } from '../../../models/pipelines/generate.ts'
import { type Guide, loadGuide } from '../../../models/pipelines/guide.ts'
import type { Lora } from '../../../models/pipelines/lora/load.ts'
import type { StrongLora } from '../../../models/pipelines/sessions.ts'
import type { GenerateSettings } from '../../../models/pipelines/settings.ts'
import { f32 } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'
import { scratch } from '../checkpoint/synthetic.ts'
import { loraFile, open, random, type Tensors, writeLora } from './support.ts'

const folder = scratch()

const settings: GenerateSettings = {
  prompt: 'a red ball',
  negative: '',
  method: 'cfg',
  guidance: 4,
  steps: 2,
  sampler: 'euler',
  schedule: 'auto',
  seed: 5,
  count: 1,
  width: 64,
  height: 64,
  clipSkip: 1,
}

async function paint(
  pipeline: Pipeline,
  loras: readonly StrongLora[],
  changed: Partial<GenerateSettings> = {},
  guide?: Guide,
): Promise<Picture> {
  const pictures = generate(plugged(pipeline, loras), { ...settings, ...changed }, { guide })
  for await (const picture of pictures) return picture
  throw new Error('no picture came')
}

describe('a base with LoRAs', () => {
  let pipeline: Pipeline
  let both: Lora
  let unetOnly: Lora
  /** What was loaded, by its weights' bytes. */
  const loads: number[] = []
  beforeAll(async () => {
    const base = asBase(await describeModel(fixture('sd1-tiny', 'sd1-tiny.safetensors')))
    const beforeLoad = async (bytes: number) => void loads.push(bytes)
    pipeline = await assemble(base, { merges: shipped.merges, beforeLoad })
    both = await open(loraFile('kohya'), base)
    unetOnly = await open(loraFile('kohya-no-alpha'), base)
  })
  afterAll(() => pipeline.sessions.release())

  it('loads nothing for another strength, or for another order, and only what changes for another set', async () => {
    const plain = await paint(pipeline, [])
    expect(loads.splice(0)).toHaveLength(3)
    const pictures = [plain]
    const ask = async (loras: readonly StrongLora[], expected: number) => {
      pictures.push(await paint(pipeline, loras))
      expect(loads.splice(0)).toHaveLength(expected)
    }
    const two = (first: number, second: number) => [
      { lora: both, strength: first },
      { lora: unetOnly, strength: second },
    ]
    await ask([{ lora: both, strength: 0.7 }], 2)
    await ask([{ lora: both, strength: 0.3 }], 0)
    await ask([{ lora: both, strength: -1 }], 0)
    await ask([{ lora: both, strength: 0.3, textStrength: 1 }], 0)
    // The second does not change the text encoder.
    await ask(two(0.3, 1), 1)
    await ask(two(0.3, -0.5), 0)
    expect(new Set(pictures.map(({ pixels }) => pixels.join())).size).toBe(pictures.length)
    const turned = await paint(pipeline, two(0.3, -0.5).toReversed())
    expect(loads.splice(0)).toEqual([])
    expect(turned.pixels).toEqual(pictures.at(-1)?.pixels)
    await paint(pipeline, two(0, 0))
    expect(loads.splice(0)).toEqual([])
    // Back to the base: UNet and text encoder.
    expect((await paint(pipeline, [])).pixels).toEqual(plain.pixels)
    expect(loads.splice(0)).toHaveLength(2)
  })

  it('is the base where they are not strong at all, and counts their memory', async () => {
    const plain = await paint(pipeline, [])
    const before = pipeline.sessions.loaded().reduce((sum, { bytes }) => sum + bytes, 0)
    const none = await paint(pipeline, [{ lora: both, strength: 0 }])
    expect(none.pixels).toEqual(plain.pixels)
    const bytes = [...both.changes.values()].flat().reduce((sum, change) => sum + change.bytes, 0)
    expect(bytes).toBeGreaterThan(300_000)
    expect(pipeline.sessions.loaded().reduce((sum, own) => sum + own.bytes, 0)).toBe(before + bytes)
  })

  it('tells the text encoder nothing of the names in the prompt', async () => {
    const named = await paint(pipeline, [], { prompt: 'a red <lora:any:0.5>ball' })
    expect(named.pixels).toEqual((await paint(pipeline, [])).pixels)
  })

  it('names the tensor of a LoRA that is not finite', async () => {
    const broken = await writeLora(join(folder, 'broken.safetensors'), {
      'unet.mid_block.resnets.0.time_emb_proj.lora_A.weight': f32(new Float32Array(256).fill(Number.NaN), [1, 256]),
      'unet.mid_block.resnets.0.time_emb_proj.lora_B.weight': random(1, [64, 1]),
    })
    const lora = await open(broken, pipeline.base)
    await expect(paint(pipeline, [{ lora, strength: 1 }])).rejects.toThrow(
      'unet.mid_block.resnets.0.time_emb_proj.lora_A.weight contains NaN; the LoRA is damaged.',
    )
  })
})

describe('the demo model with a LoRA', () => {
  let pipeline: Pipeline
  let guide: Guide
  let lora: Lora
  beforeAll(async () => {
    const base = asBase(await describeModel(shipped.demo))
    pipeline = await assemble(base, { merges: shipped.merges })
    guide = await loadGuide(asGuide(await describeModel(shipped.guide)), base)
    const tensors: Record<string, Tensors[string]> = {}
    for (const [name, { shape }] of base.unet.table) {
      if (!/attn\d\.to_[qv]\.weight$|resnets\.0\.conv2\.weight$/.test(name)) continue
      const [out = 0, ...columns] = shape
      const module = `lora_unet_${name.replace(/\.weight$/, '').replaceAll('.', '_')}`
      tensors[`${module}.lora_down.weight`] = random(out + columns.length, [2, ...columns])
      tensors[`${module}.lora_up.weight`] = small(random(out, [out, 2, ...columns.slice(1).map(() => 1)]))
    }
    lora = await open(await writeLora(join(folder, 'demo.safetensors'), tensors), base)
  })
  afterAll(() => pipeline.sessions.release())

  const small = ({ data, shape }: Tensors[string]) =>
    f32(
      data.map(value => value / 20),
      shape,
    )

  it('is guided as the base is: both are plugged in at once', async () => {
    const [strong, none] = [[{ lora, strength: 1 }], [{ lora, strength: 0 }]]
    const asked = { method: 'guide', sampler: 'ddim' } as const
    const guided = await paint(pipeline, strong, asked, guide)
    expect(guided.passes).toBe(settings.steps)
    const alone = await paint(pipeline, [], asked, guide)
    expect(guided.pixels).not.toEqual(alone.pixels)
    expect((await paint(pipeline, none, asked, guide)).pixels).toEqual(alone.pixels)
    // At w = 1 there is no guide, and the LoRA stays.
    const unguided = await paint(pipeline, strong, { ...asked, guidance: 1 }, guide)
    expect(unguided.pixels).toEqual((await paint(pipeline, strong, { ...asked, method: 'none' })).pixels)
    expect(unguided.pixels).not.toEqual((await paint(pipeline, [], { ...asked, method: 'none' })).pixels)
  })

  it.each(['lcm', 'tcd', 'euler'] as const)('of few steps takes one pass a step with %s', async sampler => {
    const few = { sampler, schedule: sampler === 'euler' ? 'trailing' : 'auto', guidance: 1, steps: 4 } as const
    const picture = await paint(pipeline, [{ lora, strength: 1 }], few)
    expect(picture.passes).toBe(4)
    expect(picture.pixels).not.toEqual((await paint(pipeline, [], few)).pixels)
  })
})
