import { spawn } from 'node:child_process'
import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { beforeAll, expect, it } from 'vitest'
import { loadTensors } from '../../support/safetensors.ts'
import { captions, scratch, trainAt, writeBase, writePack } from './support.ts'

const { at } = scratch()
const child = join(import.meta.dirname, 'child.ts')

beforeAll(async () => {
  await writeBase(at('base'))
  await writePack(at('data'))
  await writeFile(at('prompts.txt'), captions.join('\n'))
})

/** The tensors of a run's last checkpoint. */
async function lastTensors(run: string) {
  const [last = ''] = (await readdir(join(run, 'checkpoints'))).toSorted().toReversed()
  return loadTensors(join(run, 'checkpoints', last))
}

const common = { batch: 2, ema: 0.9, threads: 1, warmup: 3, checkpointEvery: 5, learningRate: 0.003 }
const denoise = () => ({
  ...common,
  name: 'a',
  objective: 'denoise',
  base: at('base'),
  data: at('data'),
  accumulate: 2,
})
const guide = () => ({
  // Two threads, so that the order of sums could differ.
  ...{
    ...common,
    threads: 2,
    name: 'b',
    objective: 'guide',
    kind: 'lora1',
    base: at('base'),
    prompts: at('prompts.txt'),
  },
  states: { count: 120, held: 16, teacherSteps: [3, 4] },
})

it.each([
  ['denoise', denoise],
  ['guide', guide],
])('%s: killed twice and resumed, the numbers are bit by bit those of a run that was not', async (name, made) => {
  const recipe = { ...made(), steps: 16 }
  await trainAt(at(`${name}-whole`), recipe)
  const file = at(`${name}.json`)
  const run = at(`${name}-killed`)
  await writeFile(file, JSON.stringify(recipe))
  const metrics = join(run, 'metrics.jsonl')
  // Killed between two checkpoints, so that steps are taken again.
  for (const lines of [7, 12]) {
    const process = start(file, run)
    await until(async () => (await readFile(metrics, 'utf8').catch(() => '')).split('\n').length > lines)
    process.child.kill('SIGKILL')
    expect((await process.ended).signal).toBe('SIGKILL')
  }
  expect((await start(file, run).ended).code).toBe(0)
  expect(await readFile(metrics, 'utf8')).toBe(await readFile(at(`${name}-whole`, 'metrics.jsonl'), 'utf8'))
  const [killed, whole] = [await lastTensors(run), await lastTensors(at(`${name}-whole`))]
  expect([...killed.keys()]).toEqual([...whole.keys()])
  for (const [key, { data }] of whole) expect(Buffer.compare(bytes(killed.get(key)?.data), bytes(data)), key).toBe(0)
})

it('goes on from where it was cancelled', async () => {
  const recipe = { ...denoise(), steps: 9 }
  const controller = new AbortController()
  const cancelled = trainAt(at('cancelled'), recipe, {
    signal: controller.signal,
    onProgress: progress => progress.phase === 'train' && progress.step === 7 && controller.abort(),
  })
  await expect(cancelled).rejects.toThrow(/abort/i)
  // Step 7 is no checkpoint's turn: it was written because of the cancel.
  expect((await readdir(at('cancelled', 'checkpoints'))).toSorted().at(-1)).toBe('step-00000007.safetensors')
  await trainAt(at('cancelled'), recipe, { resume: true })
  await trainAt(at('uncancelled'), recipe)
  const [one, other] = await Promise.all(
    ['cancelled', 'uncancelled'].map(run => readFile(at(run, 'metrics.jsonl'), 'utf8')),
  )
  expect(withoutScores(one as string)).toEqual(withoutScores(other as string))
})

it('accumulated batches are one larger batch', async () => {
  const recipe = { ...denoise(), steps: 4, clip: 1000 }
  await trainAt(at('two'), { ...recipe, batch: 2, accumulate: 2 })
  await trainAt(at('one'), { ...recipe, batch: 4, accumulate: 1 })
  const [two, one] = [await lastTensors(at('two')), await lastTensors(at('one'))]
  const [a, b] = await Promise.all(
    ['two', 'one'].map(async run => lines(await readFile(at(run, 'metrics.jsonl'), 'utf8'))),
  )
  for (const [i, { loss, gradientNorm }] of (a as { loss: number; gradientNorm: number }[]).entries()) {
    expect(loss).toBeCloseTo(b?.[i]?.loss, 5)
    expect(gradientNorm / b?.[i]?.gradientNorm).toBeCloseTo(1, 4)
  }
  // AdamW's first steps are as long for small gradients as for large: means of gradients are what agrees to the last digits.
  for (const [key, { data }] of one) {
    if (!key.startsWith('mean/')) continue
    const [own, others] = [data, two.get(key)?.data].map(all => Array.from(all as Float32Array)) as [number[], number[]]
    const largest = Math.max(...own.map(Math.abs), 1e-6)
    for (const [i, value] of own.entries())
      expect(Math.abs(value - (others[i] as number)) / largest, key).toBeLessThan(1e-3)
  }
})

const lines = (text: string) =>
  text
    .split('\n')
    .filter(Boolean)
    .map(line => JSON.parse(line))
const withoutScores = (text: string) =>
  lines(text).map(({ step, loss, gradientNorm }) => ({ step, loss, gradientNorm }))
const bytes = (data: ArrayBufferView | undefined) => {
  const { buffer, byteOffset, byteLength } = data as ArrayBufferView
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function start(file: string, run: string) {
  const started = spawn(process.execPath, [child, file, run], { stdio: 'inherit' })
  const ended = new Promise<{ code: number | null; signal: string | null }>(resolve =>
    started.on('close', (code, signal) => resolve({ code, signal })),
  )
  return { child: started, ended }
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 120_000
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`not within two minutes: ${holds}`)
    await sleep(5)
  }
}
