import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { optionsOf } from '../../models/guidance/index.ts'
import { generateRequest } from '../../preload/contract/generation.ts'
import { createDefaults, guidanceRequest, pictureKey } from '../../renderer/state/create-values.ts'
import { Studio } from '../../renderer/state/studio.svelte.ts'
import { demo, guide, guideModel, misfit, own, record, StudioEnd, vae } from './studio-end.ts'

async function opened(answers: ConstructorParameters<typeof StudioEnd>[0] = {}) {
  const end = new StudioEnd({ 'models.list': () => [demo, own], ...answers })
  const studio = new Studio(end)
  end.connection('open')
  await vi.advanceTimersByTimeAsync(1)
  return { end, studio, create: studio.create }
}

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

describe('the request', () => {
  test('leaves the demo model and what is automatic to the studio', async () => {
    const { create } = await opened()
    create.set({ method: 'cfg' })
    expect(create.request()).toEqual({
      prompt: '',
      method: 'cfg',
      guidance: 5,
      steps: 20,
      seed: 1,
      count: 1,
      width: 128,
      height: 128,
      schedule: 'auto',
      clipSkip: 1,
    })
  })

  test('names another base by its path and takes its size', async () => {
    const { create } = await opened()
    create.set({ base: 'own', sampler: 'ddim', prediction: 'v' })
    expect(create.request()).toMatchObject({
      base: '/models/mine.safetensors',
      width: 512,
      height: 512,
      sampler: 'ddim',
      prediction: 'v',
    })
  })

  test('asks for guidance rescale where it is set, and recalls it from a picture', async () => {
    const { create } = await opened()
    expect(create.request()).not.toHaveProperty('rescale')
    create.set({ rescale: 0.7 })
    expect(create.request()).toMatchObject({ rescale: 0.7 })
    expect(create.requestFor({ ...record, method: 'cfg', rescale: 0.35 })).toMatchObject({ rescale: 0.35 })
    expect(create.requestFor(record)).not.toHaveProperty('rescale')
  })

  test("names a VAE of the library, the base's own where none is chosen or it has gone", async () => {
    const broken = { ...vae, id: 'broken', usable: false }
    const { create, end } = await opened({ 'models.list': () => [demo, own, vae, broken] })
    expect(create.request()).not.toHaveProperty('vae')
    create.set({ vae: 'soft' })
    expect(create.request()).toMatchObject({ vae: 'soft' })
    create.set({ vae: 'broken' })
    expect(create.request()).not.toHaveProperty('vae')
    create.set({ vae: 'soft' })
    const before = pictureKey(create.request())
    end.tell('models.changed', [demo, own])
    expect(create.request()).not.toHaveProperty('vae')
    expect(pictureKey(create.request())).not.toBe(before)
  })

  test('takes the first base where the chosen one has gone', async () => {
    const { create, end } = await opened()
    create.set({ base: 'own' })
    end.tell('models.changed', [demo])
    expect(create.request()).not.toHaveProperty('base')
    expect(create.width).toBe(128)
  })

  test('paints a recorded picture again', async () => {
    const { create } = await opened()
    const again = create.requestFor(record)
    expect(generateRequest.parse(again)).toMatchObject({
      base: '/models/mine.safetensors',
      prompt: 'an owl',
      negative: 'a fox',
      method: 'none',
      guidance: 3,
      steps: 7,
      sampler: 'euler-a',
      schedule: 'karras',
      seed: 42,
      width: 64,
      height: 96,
      clipSkip: 2,
      prediction: 'v',
      count: 1,
    })
  })

  test("leaves another program's sampler and method to the base", async () => {
    const { create } = await opened()
    const again = create.requestFor({ ...record, sampler: 'DPM adaptive', method: 'pag', schedule: 'Polyexponential' })
    expect(again).not.toHaveProperty('sampler')
    expect(again).toMatchObject({ method: 'cfg', schedule: 'auto' })
  })
})

describe('guidance', () => {
  const other = { ...guide, id: 'other', name: 'Other guide' }
  const fitting = {
    'models.list': () => [demo, own, guideModel],
    'models.guides': ({ base }: { base: string }) => (base === 'demo' ? [guide, other] : [other, misfit]),
  }
  /** Guides are asked for when they are first looked at. */
  async function known(answers: ConstructorParameters<typeof StudioEnd>[0] = fitting) {
    const all = await opened(answers)
    all.create.guidanceFor(demo)
    all.create.guidanceFor(own)
    await vi.advanceTimersByTimeAsync(1)
    return all
  }

  test('is a guide where one fits, else CFG, and left to the studio until that is known', async () => {
    const { create } = await opened(fitting)
    expect(create.request()).not.toHaveProperty('method')
    await vi.advanceTimersByTimeAsync(1)
    expect(create.request()).toMatchObject({ method: 'guide', guide: 'demo-guide', refresh: 0 })
    const { create: without } = await known({ 'models.guides': () => [misfit] })
    expect(without.guide).toBeNull()
    expect(without.request()).toMatchObject({ method: 'cfg' })
    expect(without.values.method).toBe('guide')
  })

  test('keeps the chosen guide on every base that it fits', async () => {
    const { create } = await known()
    create.set({ guide: 'other' })
    expect(create.request()).toMatchObject({ guide: 'other' })
    create.set({ base: 'own' })
    expect(create.request()).toMatchObject({ guide: 'other' })
    create.set({ guide: 'demo-guide' })
    expect(create.request()).toMatchObject({ guide: 'other' })
    create.set({ base: 'demo' })
    expect(create.request()).toMatchObject({ guide: 'demo-guide' })
  })

  test('asks again when the library has changed', async () => {
    let guides = [misfit]
    const { create, end } = await known({ 'models.guides': () => guides })
    guides = [guide]
    end.tell('models.changed', [demo, guideModel])
    expect(create.guide).toBeNull()
    await vi.advanceTimersByTimeAsync(1)
    expect(create.guide).toEqual(guide)
  })

  test('names only the options that the method heeds, with the defaults of the studio', async () => {
    const { create } = await known()
    for (const method of ['cfg', 'none', 'interval', 'adaptive', 'reuse', 'guide'] as const) {
      const { guidance, method: named, ...options } = guidanceRequest(createDefaults, method, undefined)
      expect([named, options]).toEqual([method, method === 'guide' ? { refresh: 0 } : optionsOf({ method })])
    }
    create.set({ method: 'interval', intervalLow: 1 })
    expect(create.request()).toMatchObject({ method: 'interval', interval: [1, 5.42] })
  })

  test('of a picture is painted again and taken over, each option for its own method', async () => {
    const { create } = await known()
    const guided = { ...record, method: 'guide', guide: { name: 'demo-guide', hash: 'ab' }, refresh: 4 }
    expect(create.requestFor(guided)).toMatchObject({ method: 'guide', guide: 'demo-guide', refresh: 4 })
    create.use(guided, 'all')
    expect(create.values).toMatchObject({ method: 'guide', guide: 'demo-guide', refresh: 4, reuse: 2 })
    create.use({ ...record, method: 'reuse', refresh: 3 }, 'all')
    create.use({ ...record, method: 'interval', interval: [1, 4] }, 'all')
    create.use({ ...record, method: 'adaptive', agreement: 0.9 }, 'all')
    const taken = { refresh: 4, reuse: 3, intervalLow: 1, intervalHigh: 4, agreement: 0.9, method: 'adaptive' }
    expect(create.values).toMatchObject(taken)
  })

  test('of a picture whose guide has gone is left to the studio', async () => {
    const { create, studio } = await known()
    const info = vi.spyOn(studio.toasts, 'info')
    const guided = { ...record, method: 'guide', guide: { name: 'gone' } }
    expect(create.requestFor(guided)).not.toHaveProperty('method')
    create.use(guided, 'all')
    expect(info).toHaveBeenCalledWith('The guide gone is not in the library.', expect.any(String))
  })
})

describe('recalling a picture', () => {
  test('takes all of it and locks the seed', async () => {
    const { create } = await opened()
    create.set({ count: 4 })
    create.use(record, 'all')
    expect(create.values).toMatchObject({
      base: 'own',
      seed: 42,
      seedLocked: true,
      count: 1,
      width: 64,
      method: 'none',
    })
  })

  test("takes its VAE, or the base's own, and says so where that is not in the library", async () => {
    const { create, studio } = await opened({ 'models.list': () => [demo, own, vae] })
    const info = vi.spyOn(studio.toasts, 'info')
    create.use({ ...record, vae: { name: 'renamed since', hash: '9876543210' } }, 'all')
    expect(create.values.vae).toBe('soft')
    expect(create.requestFor(record)).not.toHaveProperty('vae')
    expect(create.requestFor({ ...record, vae: { name: 'soft' } })).toMatchObject({ vae: 'soft' })
    create.use(record, 'all')
    expect(create.values.vae).toBeNull()
    expect(info).not.toHaveBeenCalled()
    create.use({ ...record, vae: { name: 'gone' } }, 'all')
    expect(info).toHaveBeenCalledWith('The VAE gone is not in the library.', expect.any(String))
  })

  test('says so where an embedding that its prompts name is not in the library', async () => {
    const embedding = {
      ...vae,
      id: 'hands',
      kind: 'embedding',
      name: 'Bad hands',
      path: '/models/hands.safetensors',
    } as const
    const { create, studio } = await opened({ 'models.list': () => [demo, own, embedding] })
    const info = vi.spyOn(studio.toasts, 'info')
    create.use({ ...record, embeddings: [{ name: 'hands' }, { name: 'renamed since', hash: '9876543210' }] }, 'all')
    expect(info).not.toHaveBeenCalled()
    create.use({ ...record, embeddings: [{ name: 'hands' }, { name: 'gone' }] }, 'all')
    expect(info).toHaveBeenCalledWith('The embedding gone is not in the library.', expect.any(String))
  })

  test('takes of a seed of another program what torch takes of it: its low 32 bits', async () => {
    const { create } = await opened()
    for (const what of ['all', 'seed'] as const) {
      create.use({ ...record, seed: 5 * 2 ** 32 + 7 }, what)
      expect(create.values.seed).toBe(7)
    }
  })

  test('takes only the prompt, or only the seed', async () => {
    const { create } = await opened()
    create.use(record, 'prompt')
    expect(create.values).toEqual({ ...createDefaults, prompt: 'an owl', negative: 'a fox' })
    create.use({ ...record, seed: 5 }, 'seed')
    expect(create.values).toEqual({ ...createDefaults, prompt: 'an owl', negative: 'a fox', seed: 5, seedLocked: true })
  })

  test('says so where its base is not in the library, and keeps the chosen one', async () => {
    const { create, studio } = await opened()
    const info = vi.spyOn(studio.toasts, 'info')
    create.use({ ...record, base: { name: 'gone' } }, 'all')
    expect(info).toHaveBeenCalledWith('The base gone is not in the library.', expect.any(String))
    expect(create.values).toMatchObject({ base: 'demo', prompt: 'an owl' })
  })
})

describe('defaults', () => {
  test('tell what differs and come back', async () => {
    const { create } = await opened()
    create.set({ steps: 33, width: 256 })
    expect([create.differs('steps'), create.differs('width', 'height'), create.differs('sampler')]).toEqual([
      true,
      true,
      false,
    ])
    create.reset('width', 'height')
    expect(create.values).toEqual({ ...createDefaults, steps: 33 })
  })
})

describe('keeping', () => {
  test('finds the settings again', async () => {
    const kept = { ...createDefaults, prompt: 'kept', steps: 9 }
    const { create } = await opened({ 'system.recall': ({ key }: { key: string }) => (key === 'create' ? kept : null) })
    expect(create.values).toEqual(kept)
  })

  test('fills in what an older version did not know, and forgets what is no longer possible', async () => {
    const older = await opened({ 'system.recall': () => ({ prompt: 'old' }) })
    expect(older.create.values).toEqual({ ...createDefaults, prompt: 'old' })
    const strange = await opened({ 'system.recall': () => ({ prompt: 'old', sampler: 'gone' }) })
    expect(strange.create.values).toEqual({ ...createDefaults, prompt: 'old' })
  })

  test('writes once when changes have come to rest', async () => {
    const { create, end } = await opened()
    for (const prompt of ['a', 'an', 'an owl']) {
      create.set({ prompt })
      await vi.advanceTimersByTimeAsync(100)
    }
    expect(end.inputsOf('system.keep')).toEqual([])
    await vi.advanceTimersByTimeAsync(400)
    expect(end.inputsOf('system.keep')).toEqual([{ key: 'create', value: { ...createDefaults, prompt: 'an owl' } }])
  })

  test('does not overwrite what the person typed before the studio answered', async () => {
    const answer = Promise.withResolvers<unknown>()
    const { create } = await opened({ 'system.recall': () => answer.promise })
    create.set({ prompt: 'typed' })
    answer.resolve({ ...createDefaults, prompt: 'kept' })
    await vi.advanceTimersByTimeAsync(1)
    expect(create.values.prompt).toBe('typed')
  })
})
