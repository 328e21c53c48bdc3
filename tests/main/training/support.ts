import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { App } from '../../../main/app.ts'
import type { TrainingRun } from '../../../preload/contract/training.ts'
import { captions, writeBase } from '../../models/training/support.ts'
import { openStudio, temporaryFolder, until } from '../studio.ts'

export const prompts = { text: captions.join('\n') }

/** A studio with the tiny base of random weights in its library. */
export async function openWithBase(): Promise<App & { data: string; base: string }> {
  const app = await openStudio()
  const folder = await temporaryFolder()
  await writeBase(join(folder, 'tiny'))
  const { model } = await app.services.models.import({ source: { path: join(folder, 'tiny') }, way: 'copy' })
  return { ...app, base: model.id }
}

/** What makes a run take seconds. */
export const brief = {
  ...{ steps: 40, batch: 2, accumulate: 1, warmup: 3, threads: 1, checkpointEvery: 20, sampleEvery: 40 },
  states: { count: 120, held: 8, teacherSteps: [3, 4] },
}

/** Asks for a guide, and makes its recipe brief before it is begun. */
export async function begin(app: App & { data: string; base: string }, changes: object = {}): Promise<TrainingRun> {
  const { training, queue } = app.services
  await queue.pause({})
  const run = await training.begin({ name: 'My guide', base: app.base, prompts, quality: 'quick' })
  const path = join(app.data, 'runs', run.id, 'recipe.json')
  await writeFile(path, JSON.stringify({ ...JSON.parse(await readFile(path, 'utf8')), ...brief, ...changes }))
  await queue.resume({})
  return run
}

export const runOf = async ({ services }: App, id: string): Promise<TrainingRun> => {
  const found = (await services.training.runs({})).find(run => run.id === id)
  if (!found) throw new Error(`There is no run ${id}.`)
  return found
}

/** Waits until a run is in a state. */
export const comesTo = (app: App, id: string, state: TrainingRun['state']): Promise<TrainingRun> =>
  until(async () => {
    const run = await runOf(app, id)
    return run.state === state && run
  }, 150)

/** Waits until a run has taken a step. */
export const takesStep = (app: App, least = 1): Promise<void> =>
  new Promise(resolve => {
    const stop = app.events.listen((name, payload) => {
      const { loss, done } = payload as { loss: number | null; done: number }
      if (name !== 'training.progress' || loss === null || done < least) return
      stop()
      resolve()
    })
    onTestFinished(() => void stop())
  })

/** The steps that a run has told of, in its own order. */
export async function stepsOf({ data }: { data: string }, id: string): Promise<number[]> {
  const text = await readFile(join(data, 'runs', id, 'metrics.jsonl'), 'utf8')
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line).step)
}

/** The process that trains a run. */
export const pidOf = async ({ data }: { data: string }, id: string): Promise<number> =>
  Number.parseInt(await readFile(join(data, 'runs', id, 'running'), 'utf8'), 10)

export const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1)
