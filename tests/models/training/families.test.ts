import { writeFile } from 'node:fs/promises'
import { beforeAll, expect, it } from 'vitest'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { requireFit } from '../../../models/checkpoint/misfit.ts'
import { readHeader } from '../../../models/tensor/safetensors/header.ts'
import { readMetrics } from '../../../models/training/run/metrics.ts'
import { fixture } from '../../support/fixtures.ts'
import { captions, scratch, trainAt, writePack } from './support.ts'

const { at } = scratch()
const common = { name: 'a', batch: 2, steps: 2, learningRate: 0.001, recompute: true }

beforeAll(async () => {
  await writePack(at('data'), 64)
  await writeFile(at('prompts.txt'), captions.slice(0, 6).join('\n'))
})

const families = ['sd2-tiny', 'sdxl-tiny'] as const

it.each(families)('trains a guide on %s', async family => {
  const base = fixture(family, `${family}.safetensors`)
  const states = { count: 40, held: 4, teacherSteps: [2, 2] }
  const recipe = { ...common, objective: 'guide', kind: 'lora1', base, prompts: at('prompts.txt'), cells: 8, states }
  const { result } = await trainAt(at(family), recipe)
  const [first] = await readMetrics(at(family, 'metrics.jsonl'))
  expect(first?.error).toBeCloseTo(1, 4)
  expect(first?.gradientNorm).toBeGreaterThan(0)
  requireFit(asGuide(await describeModel(result)), asBase(await describeModel(base)))
})

it.each(families)("trains a LoRA on %s, whose keys are those of kohya's own", async family => {
  const base = fixture(family, `${family}.safetensors`)
  const recipe = { ...common, objective: 'lora', base, data: at('data'), rank: 2, trainText: true }
  const { result } = await trainAt(at(`${family}-lora`), recipe)
  const { entries, metadata } = await readHeader(result)
  const prefixes = new Set([...entries.keys()].map(key => /^lora_(?:unet|te\d?)/.exec(key)?.[0]))
  expect(prefixes).toEqual(new Set(['lora_unet', ...(family === 'sdxl-tiny' ? ['lora_te1', 'lora_te2'] : ['lora_te'])]))
  expect(metadata.ss_v2).toBe(family === 'sd2-tiny' ? 'True' : 'False')
  if (family === 'sdxl-tiny')
    expect(entries.has('lora_unet_middle_block_1_transformer_blocks_0_attn1_to_q.lora_down.weight')).toBe(true)
})
