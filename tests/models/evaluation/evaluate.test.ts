import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { asGuide } from '../../../models/checkpoint/as-guide.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { type EvaluateOptions, evaluate } from '../../../models/evaluation/evaluate.ts'
import type { Report } from '../../../models/evaluation/report/report.ts'
import { openScorer } from '../../../models/evaluation/scorer.ts'
import { suiteSchema } from '../../../models/evaluation/suite.ts'
import { assemble } from '../../../models/pipelines/assemble.ts'
import { captions, scratch, trainAt, writeBase, writePack, writeTokenizer } from '../training/support.ts'

const { at } = scratch()
const names = { base: 'tiny', guide: 'nothing' }
const suite = suiteSchema.parse({
  ...{ name: 'test', prompts: 'prompts.txt', steps: 4, guidance: 4, pictures: 4, bootstrap: 20 },
  methods: ['guide', 'guide:2', 'reuse'],
  states: { prompts: 2, steps: 5, guidance: [4] },
  negatives: { pictures: 1, pairs: [{ prompt: 'red, blue', negative: 'blue' }] },
  grid: { prompts: 1, guidance: [1, 4] },
})

let run: (folder: string, options?: Partial<EvaluateOptions>) => Promise<Report>

beforeAll(async () => {
  await writeBase(at('base'))
  await writeFile(at('prompts.txt'), captions.join('\n'))
  // Its last layers begin at zero and stay there: it does nothing.
  await trainAt(at('guide'), {
    ...{ objective: 'guide', name: 'Nothing', base: at('base'), prompts: at('prompts.txt'), kind: 'tap1' },
    ...{ steps: 1, batch: 1, learningRate: 1e-12, states: { count: 2, held: 0, teacherSteps: [2, 2] } },
  })
  await writePack(at('data'))
  await writeTokenizer(at('tokenizer'))
  await trainAt(at('scorer'), {
    ...{ objective: 'contrast', name: 'Colours', data: at('data'), tokenizer: at('tokenizer'), channels: [8, 16] },
    text: {
      ...{ hidden_size: 16, intermediate_size: 32, num_hidden_layers: 1, num_attention_heads: 2 },
      max_position_embeddings: 24,
    },
    ...{ width: 8, steps: 60, batch: 8, learningRate: 0.01, checkpointEvery: 1000 },
  })
  const pipeline = await assemble(asBase(await describeModel(at('base'))), { merges: shipped.merges, threads: 1 })
  const guide = asGuide(await describeModel(at('guide', 'result', 'guide.safetensors')))
  run = (folder, options) =>
    evaluate({
      pipeline,
      guide,
      suite,
      prompts: captions,
      names,
      scorer: undefined,
      folder,
      tell: () => {},
      ...options,
    })
}, 300_000)

const row = (report: Report, name: string) => [...report.methods, ...report.brackets].find(each => each.name === name)

it('finds that CFG is CFG, and that a guide which does nothing is no guidance', async () => {
  const report = await run(at('plain'))
  expect(report.scorer).toBeNull()
  expect(report.methods.map(({ name, passesPerStep }) => [name, passesPerStep])).toEqual([
    ['none', 1],
    ['guide', 1],
    ['guide-2', 1.5],
    ['reuse', 1.5],
    ['cfg', 2],
  ])
  expect(row(report, 'cfg')).toMatchObject({ psnr: null, recovery: { value: 1, interval: [1, 1] }, scored: null })
  expect(row(report, 'none')?.recovery.value).toBe(0)
  expect(row(report, 'guide')?.recovery.value).toBeCloseTo(0, 2)
  expect(row(report, 'guide')?.psnr).toBeCloseTo(row(report, 'none')?.psnr ?? 0, 1)
  for (const name of ['guide-2', 'reuse', 'cfg-at-3', 'cfg-at-5'])
    expect(row(report, name)?.recovery.value).toBeGreaterThan(0.1)
  for (const { error, effectiveGuidance } of report.states) {
    expect(error).toBeCloseTo(1, 4)
    expect(effectiveGuidance).toBeCloseTo(1, 4)
  }
  expect(report.negatives.predictions).toBeCloseTo(0, 4)
  expect(report.negatives.pictures).toBeNull()

  const text = await readFile(at('plain', 'report.md'), 'utf8')
  expect(text).toContain('| cfg | 2.00 | the same | 100% (100% to 100%) |')
  expect(text).toContain('No scorer was given')
  const files = await readdir(at('plain'))
  for (const [, name = ''] of text.matchAll(/!\[.*?\]\((.*?)\)/g)) {
    expect(files).toContain(name)
    expect((await stat(at('plain', name))).size).toBeGreaterThan(1000)
  }
  expect(JSON.parse(await readFile(at('plain', 'report.json'), 'utf8'))).toEqual(JSON.parse(JSON.stringify(report)))
})

it('goes on where it was stopped, to the same report', async () => {
  const controller = new AbortController()
  const stopped = run(at('stopped'), {
    signal: controller.signal,
    tell: (doing, done) => doing === 'painting' && done === 9 && controller.abort(new Error('stopped')),
  })
  await expect(stopped).rejects.toThrow('stopped')
  const first = at('stopped', 'pictures', 'none', '00001.png')
  const { mtimeMs } = await stat(first)
  // A line that a kill has cut short: its picture is painted again.
  const journal = at('stopped', 'pictures.jsonl')
  const kept = await readFile(journal, 'utf8')
  await writeFile(journal, kept.slice(0, -10))
  const seen: number[] = []
  await run(at('stopped'), { tell: (doing, done) => doing === 'painting' && seen.push(done) })
  expect(seen[0]).toBe(8)
  expect((await stat(first)).mtimeMs).toBe(mtimeMs)
  const report = (folder: string) => readFile(at(folder, 'report.json'), 'utf8')
  expect(await report('stopped')).toBe(await report('plain'))
})

it('scores pictures: CFG recovers all, none nothing, and other seeds tell what chance does', async () => {
  const scorer = at('scorer', 'result', 'scorer.safetensors')
  const report = await run(at('plain'), { scorer })
  for (const [name, value] of [
    ['cfg', 1],
    ['none', 0],
  ] as const)
    for (const { recovery } of Object.values(row(report, name)?.scored ?? {}))
      expect(recovery.value === null || recovery.value === value).toBe(true)
  const other = row(report, 'cfg-other-seeds')?.scored
  expect(other?.frechet.value).toBeCloseTo(0, 5)
  expect(other?.frechet.recovery).toEqual({ value: null, interval: null })
  expect(other?.likelihood.value).toBeLessThan(0)
  expect(await readFile(at('plain', 'report.md'), 'utf8')).toContain('| recovery | frechet | kernel | top1 |')
})

it('gives values without intervals where nothing is drawn', async () => {
  const { methods } = await run(at('undrawn'), { suite: { ...suite, bootstrap: 0 } })
  expect(methods.find(({ name }) => name === 'cfg')?.recovery).toEqual({ value: 1, interval: null })
})

it('retrieves captions of the pictures that the scorer was trained on', async () => {
  await using closing = new AsyncDisposableStack()
  const scorer = await openScorer(at('scorer', 'result', 'scorer.safetensors'), undefined, closing)
  const bytes = await readFile(at('data', 'pictures.u8'))
  const pixels = Float32Array.from(bytes, byte => byte / 127.5 - 1)
  const seen = await scorer.pictures(pixels, [captions.length, 3, 16, 16])
  const read = await scorer.texts(captions)
  const product = (i: number, j: number) =>
    Array.from({ length: 8 }, (_, k) => (seen.rows[i * 8 + k] ?? 0) * (read.rows[j * 8 + k] ?? 0)).reduce(
      (a, b) => a + b,
    )
  const right = captions.filter((_, i) => captions.every((_, j) => product(i, j) <= product(i, i)))
  expect(right.length).toBeGreaterThan(captions.length / 2)
})

it('refuses what is no scorer', async () => {
  const guide = at('guide', 'result', 'guide.safetensors')
  await expect(run(at('wrong'), { scorer: guide })).rejects.toThrow(`${guide} is not a scorer.`)
  await expect(readdir(join(at('wrong'), 'pictures'))).rejects.toThrow()
})
