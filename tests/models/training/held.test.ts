import { cp, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import sharp from 'sharp'
import { beforeAll, describe, expect, it } from 'vitest'
import { split } from '../../../models/training/data/split.ts'
import { readMetrics } from '../../../models/training/run/metrics.ts'
import { loadTensors } from '../../support/safetensors.ts'
import { captions, scratch, trainAt, writeBase, writePack, writeTokenizer } from './support.ts'

const { at } = scratch()
const side = 16

beforeAll(async () => {
  await writeBase(at('base'))
  await writePack(at('data'), side)
  await writeTokenizer(at('tokenizer'))
})

it('keeps whole batches aside: what is asked for, else a tenth', () => {
  const rule = fc.property(
    fc.nat(),
    fc.integer({ min: 1, max: 3000 }),
    fc.integer({ min: 1, max: 16 }),
    fc.option(fc.integer({ min: 0, max: 400 }), { nil: undefined }),
    (seed, count, batch, held) => {
      const wanted = Math.floor((held ?? Math.min(256, Math.floor(count / 10))) / batch) * batch
      if (wanted > 0 && count - wanted < batch) {
        expect(() => split(count, { seed, batch, held })).toThrow(/must be left/)
        return
      }
      const parts = split(count, { seed, batch, held })
      expect(parts.held.length).toBe(wanted)
      expect([...parts.seen, ...parts.held].toSorted((a, b) => a - b)).toEqual(
        Array.from({ length: count }, (_, i) => i),
      )
      expect(split(count, { seed, batch, held })).toEqual(parts)
    },
  )
  fc.assert(rule)
})

const common = { name: 'a', batch: 4, held: 4, checkpointEvery: 10, steps: 30, ema: 0.8, learningRate: 0.003, seed: 2 }
const base = () => ({ base: at('base') })
const objectives: Record<string, () => object> = {
  denoise: () => ({ ...base(), trainText: true }),
  lora: () => ({ ...base(), trainText: true, rank: 4, learningRate: 0.02 }),
  autoencode: () => ({
    ...{ vae: { block_out_channels: [32], norm_num_groups: 8, patch_size: 2 }, gradients: 0 },
    ...{ steps: 100, checkpointEvery: 50, sampleEvery: 100, learningRate: 0.005 },
  }),
  contrast: () => ({ tokenizer: at('tokenizer'), channels: [16, 32], width: 32 }),
}

/** The same dataset with other pictures, and other captions, in some places. */
async function spoil(places: readonly number[], folder: string): Promise<void> {
  await cp(at('data'), folder, { recursive: true })
  const pictures = await readFile(join(folder, 'pictures.u8'))
  const lines = (await readFile(join(folder, 'captions.jsonl'), 'utf8')).trim().split('\n')
  const bytes = 3 * side * side
  for (const place of places) {
    pictures.subarray(place * bytes, (place + 1) * bytes).fill(99)
    lines[place] = JSON.stringify({ caption: 'something else' })
  }
  await writeFile(join(folder, 'pictures.u8'), pictures)
  await writeFile(join(folder, 'captions.jsonl'), `${lines.join('\n')}\n`)
}

/** Of a picture's left half and its right, in dB. */
async function psnrOfHalves(path: string): Promise<number> {
  const { data, info } = await sharp(path).raw().toBuffer({ resolveWithObject: true })
  const row = info.width * 3
  let sum = 0
  for (let i = 0; i < data.length; i++)
    if (i % row < row / 2) sum += ((data[i] as number) - (data[i + row / 2] as number)) ** 2
  return 10 * Math.log10(255 ** 2 / (sum / (data.length / 2)))
}

describe.each(Object.entries(objectives))('%s', (objective, more) => {
  const recipe = () => ({ ...common, objective, data: at('data'), ...more() })
  const scoresOf = async (run: string) =>
    (await readMetrics(at(run, 'metrics.jsonl'))).filter(metrics => metrics['held loss'] !== undefined)

  it('measures what is kept aside at each checkpoint, and comes to do it better', async () => {
    const { scores } = await trainAt(at(objective), recipe())
    const told = await scoresOf(objective)
    expect(told.length).toBe(objective === 'autoencode' ? 2 : 3)
    expect(told.at(-1)).toMatchObject(scores)
    const [first, last] = [told[0]?.['held loss'], told.at(-1)?.['held loss']] as [number, number]
    expect(last).toBeLessThan(0.97 * first)
    if (objective !== 'autoencode') return
    const [before, after] = told.map(scores => scores['held PSNR']) as [number, number]
    expect(after).toBeGreaterThan(before + 0.5)
    // The samples are the same pictures, each beside what came back of it, with what is beyond black and white cut off.
    const files = (await readdir(at(objective, 'samples'))).map(file => at(objective, 'samples', file))
    const seen = await Promise.all(files.map(psnrOfHalves))
    expect(seen.reduce((sum, psnr) => sum + psnr) / seen.length).toBeCloseTo(after, 0)
  })

  it('never trains on it', async () => {
    const { seen, held } = split(captions.length, { ...common })
    await spoil(held, at(`${objective}-data-held`))
    await spoil(seen.slice(0, 1), at(`${objective}-data-seen`))
    // Once through the dataset.
    const steps = seen.length / common.batch
    const weights = async (name: string, data: string) => {
      const run = at(`${objective}-${name}`)
      await trainAt(run, { ...recipe(), data, steps, checkpointEvery: steps })
      const file = `step-${String(steps).padStart(8, '0')}.safetensors`
      return {
        tensors: await loadTensors(join(run, 'checkpoints', file)),
        told: await scoresOf(`${objective}-${name}`),
      }
    }
    const own = await weights('own', at('data'))
    const other = await weights('other', at(`${objective}-data-held`))
    expect(other.tensors).toEqual(own.tensors)
    expect(other.told[0]?.['held loss']).not.toBe(own.told[0]?.['held loss'])
    // One of those that are trained on does count.
    expect((await weights('third', at(`${objective}-data-seen`))).tensors).not.toEqual(own.tensors)
  })
})
