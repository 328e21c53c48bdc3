import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import sharp from 'sharp'
import { expect, it } from 'vitest'
import type { ModelRow } from '../../../main/database/queries/models.ts'
import type { Catalog } from '../../../main/library/catalog.ts'
import { Trials, tryLater } from '../../../main/library/trial.ts'
import { type Engine, EngineDied } from '../../../models/engine/engine.ts'
import { ModelFault, UserError } from '../../../models/errors.ts'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { fixture } from '../../support/fixtures.ts'
import { idle, openStudio, own, pictures, refusal, small, until } from '../studio.ts'

it('paints a small picture with a new base, and keeps it as its preview', async () => {
  const app = await openStudio()
  const source = { path: fixture('sd1-tiny', 'sd1-tiny.safetensors') }
  const { model } = await app.services.models.import({ source, way: 'in place' })
  expect(model.hasPreview).toBe(false)
  const path = await until(() => app.library.previewFile(model.id))
  expect(await sharp(path).metadata()).toMatchObject({ width: 256, height: 256 })
  expect((await own(app))[0]).toMatchObject({ usable: true, hasPreview: true })
  expect(await pictures(app)).toEqual([])
})

it('finds out that a model computes nothing but NaN', async () => {
  const app = await openStudio()
  const source = { path: fixture('bad-files', 'nan-weights.safetensors') }
  const { model } = await app.services.models.import({ source, way: 'link' })
  const problem = 'model.diffusion_model.output_blocks.3.0.in_layers.2.weight contains NaN; the model is damaged.'
  await until(async () => (await own(app))[0]?.usable === false)
  expect((await own(app))[0]).toMatchObject({ problem, hasPreview: false })
  expect((await refusal(app.services.queue.enqueue(generateRequest.parse({ ...small, base: model.id })))).message).toBe(
    problem,
  )
  expect(await readdir(join(app.data, 'models', 'bases'))).toEqual(['nan-weights.safetensors'])
})

it('waits until nothing else is painted', async () => {
  const app = await openStudio()
  await app.services.queue.enqueue(generateRequest.parse({ ...small, steps: 60 }))
  const source = { path: fixture('sd1-tiny', 'sd1-tiny.safetensors') }
  const { model } = await app.services.models.import({ source, way: 'in place' })
  await until(async () => (await pictures(app)).length === 1)
  expect((await own(app))[0]?.hasPreview).toBe(false)
  await idle(app)
  await until(() => app.library.previewFile(model.id))
})

/** Trials over a list in memory, with an engine that ends when it is told to. */
function stubbed(...untried: string[]) {
  let kept: unknown = untried
  const painted: string[] = []
  let listener: () => void = () => undefined
  let end: (error?: Error) => void = () => undefined
  const idleness = {
    isIdle: true,
    onChange(tell: () => void) {
      listener = tell
    },
    aside: <T>(work: (free: Promise<void>) => Promise<T>) => work(Promise.resolve()),
  }
  const engine = {
    generate: (request: { base: string }) =>
      new Promise<void>((resolve, reject) => {
        painted.push(request.base)
        end = error => (error ? reject(error) : resolve())
      }),
  }
  const changes: unknown[] = []
  const models = {
    get: async (id: string) => ({ id, path: id, usable: true, nativeSize: 64, preview: null }),
    change: async (id: string, change: object) => changes.push({ id, ...change }),
  }
  const settings = {
    get: async () => kept,
    async set(_key: string, value: unknown) {
      kept = value
    },
  }
  const places = { whole: (path: string) => path }
  const catalog = { database: { models, settings }, places, tellChanged: () => undefined } as unknown as Catalog
  return {
    ...{ catalog, painted, changes, kept: () => kept, end: (error?: Error) => end(error) },
    trials: new Trials(catalog, engine as unknown as Engine, idleness),
    setIdle(isIdle: boolean) {
      idleness.isIdle = isIdle
      listener()
    },
  }
}
const base = (id: string) => ({ id, kind: 'base', usable: true }) as ModelRow

it('goes on by itself when there is time again before the trial that was given up has ended', async () => {
  const { trials, painted, setIdle, end } = stubbed('a')
  await trials.open()
  await until(() => painted.length === 1)
  setIdle(false)
  setIdle(true)
  expect(painted).toEqual(['a'])
  end(new Error('given up'))
  await until(() => painted.length === 2)
  end()
  await trials.close()
})

it('forgets none that a command beside it has brought', async () => {
  const { trials, catalog, painted, kept, end } = stubbed('a')
  await trials.open()
  await until(() => painted.length === 1)
  await tryLater(catalog, base('from a command'))
  await Promise.all([trials.add(base('b')), trials.add(base('c')), trials.add(base('b'))])
  expect(kept()).toEqual(['a', 'from a command', 'b', 'c'])
  end()
  await until(() => painted.length === 2)
  expect(painted).toEqual(['a', 'from a command'])
  expect(kept()).toEqual(['from a command', 'b', 'c'])
  end()
  await trials.close()
})

it('judges a model by faults of its own alone, and tries it again with the next start where it could not be tried', async () => {
  const { trials, painted, changes, kept, end, setIdle } = stubbed('no memory', 'away', 'killed', 'damaged', 'sound')
  await trials.open()
  const ends = [
    new UserError('There is not enough memory for a picture of 64 x 64.'),
    new UserError('/drive/away.safetensors does not exist.'),
    new EngineDied('The engine ended by SIGKILL.'),
    new ModelFault('a.weight contains NaN; the model is damaged.'),
    undefined,
  ]
  for (const [i, error] of ends.entries()) {
    await until(() => painted.length === i + 1)
    end(error)
  }
  await until(() => (kept() as string[]).length === 3)
  expect(kept()).toEqual(['no memory', 'away', 'killed'])
  expect(changes).toEqual([{ id: 'damaged', usable: false, problem: 'a.weight contains NaN; the model is damaged.' }])
  // Neither time nor what a command writes brings them up again, but the person who brings one in does
  setIdle(false)
  setIdle(true)
  await trials.open()
  expect(painted).toEqual(['no memory', 'away', 'killed', 'damaged', 'sound'])
  await trials.add(base('away'))
  await until(() => painted.length === 6)
  expect(painted.at(-1)).toBe('away')
  end()
  await trials.close()
})
