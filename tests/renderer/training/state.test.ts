import { describe, expect, test } from 'vitest'
import type { TrainingDetail, TrainingProgress, TrainingRun } from '../../../preload/contract/training.ts'
import { standing, wholePercent } from '../../../renderer/components/training/words.ts'
import { GuideDraft, promptsOf } from '../../../renderer/state/guide-draft.svelte.ts'
import { Studio } from '../../../renderer/state/studio.svelte.ts'
import { newGuide } from '../../../renderer/state/training.svelte.ts'
import { span } from '../../../renderer/text.ts'
import { RunDetail } from '../../../renderer/views/training/run-detail.svelte.ts'
import { demo, own, StudioEnd, settled } from '../studio-end.ts'

const run: TrainingRun = {
  id: 'r1',
  name: 'My guide',
  state: 'running',
  job: 3,
  base: 'own',
  baseName: 'mine',
  quality: 'good',
  step: 0,
  steps: 600,
  error: null,
  guide: null,
  problem: null,
  created: 1,
}
const progress: TrainingProgress = {
  run: 'r1',
  doing: null,
  done: 246,
  total: 600,
  loss: 0.4,
  examplesPerSecond: 12,
  secondsLeft: 1930,
}
const nothing: TrainingDetail = { curve: [], errors: [], samples: [], cfg: [], none: [], prompts: [] }
const estimate = {
  secondsPerStep: 2,
  examples: 8,
  memory: 900,
  qualities: {
    quick: { seconds: 300, steps: 100 },
    good: { seconds: 900, steps: 400 },
    best: { seconds: 9000, steps: 4000 },
  },
}

async function opened(answers: ConstructorParameters<typeof StudioEnd>[0] = {}) {
  const end = new StudioEnd({
    'models.list': () => [demo, own, { ...own, id: 'broken', name: 'Broken', usable: false }],
    'training.estimate': () => estimate,
    'training.cancelEstimate': () => ({}),
    ...answers,
  })
  const studio = new Studio(end)
  end.connection('open')
  await settled()
  return { end, studio, training: studio.training, draft: studio.of(GuideDraft) }
}

describe('runs', () => {
  test('are told of, with where the running one stands', async () => {
    const { end, training } = await opened({ 'training.runs': () => [run] })
    expect([training.loaded, training.active?.id, training.runFor('own')?.id]).toEqual([true, 'r1', 'r1'])
    end.tell('training.progress', progress)
    expect(training.progressOf(run)?.done).toBe(246)
    end.tell('training.changed', [{ ...run, state: 'stopped', step: 250 }])
    expect([training.progress, training.active, training.runFor('own')]).toEqual([null, undefined, undefined])
  })

  test('one that is gone is not shown any more; the form of a new one stays', async () => {
    const { end, training } = await opened({ 'training.runs': () => [run] })
    training.open('r1')
    end.tell('training.changed', [])
    expect(training.shown).toBeNull()
    training.open(newGuide)
    end.tell('training.changed', [run])
    expect(training.shown).toBe(newGuide)
  })

  test('are stopped, gone on with and deleted', async () => {
    const queued: TrainingRun = { ...run, state: 'queued' }
    const { end, training } = await opened({
      'training.runs': () => [{ ...run, state: 'stopped' }],
      'training.stop': () => ({}),
      'training.goOn': () => queued,
      'training.remove': () => ({}),
    })
    await training.stop(run)
    await training.goOn(run)
    expect(training.runs).toEqual([queued])
    await training.remove(run)
    expect(training.runs).toEqual([])
    for (const method of ['stop', 'goOn', 'remove']) expect(end.inputsOf(`training.${method}`)).toEqual([{ run: 'r1' }])
  })
})

describe('what a run says of itself', () => {
  test('in each state', () => {
    const at = (change: Partial<TrainingRun>, told: TrainingProgress | null = null, painting = false) =>
      standing({ ...run, ...change }, told, painting)
    expect(at({}, progress)).toBe('41%, 32 min left')
    expect(at({}, { ...progress, secondsLeft: null })).toBe('41%')
    expect(at({}, { ...progress, doing: 'asking the teacher', done: 12, total: 100 })).toBe('asking the teacher, 12%')
    expect(at({}, { ...progress, doing: 'loading the network', done: 0, total: 1 })).toBe('loading the network')
    expect(at({ step: 300 })).toBe('50%')
    expect(at({}, progress, true)).toBe('waits while pictures are painted')
    expect(at({ state: 'queued' })).toBe('waits for its turn')
    expect(at({ state: 'stopped', step: 250 }, null, true)).toBe('stopped at step 250 of 600')
    expect(at({ state: 'stopped' })).toBe('stopped')
    expect(at({ state: 'failed', step: 3 })).toBe('failed at step 3 of 600')
    expect(at({ state: 'done', step: 600 })).toBe('done')
  })

  test('is never done before it is', () => {
    expect([wholePercent(0, 0), wholePercent(599, 600), wholePercent(600, 600)]).toEqual(['0%', '99%', '99%'])
  })

  test('long times as one plans with them', () => {
    expect([20, 60, 1930, 3600, 7800, 30_000, 80_000, 400_000].map(span)).toEqual([
      'less than a minute',
      '1 min',
      '32 min',
      '1 h',
      '2 h 10 min',
      '8 h 20 min',
      '22 h',
      '5 days',
    ])
  })
})

describe('the curves and pictures of a run', () => {
  test('grow with what is told, and hold each step once', async () => {
    const at = (...steps: number[]): TrainingDetail => ({ ...nothing, curve: steps.map(step => ({ step, loss: 1 })) })
    let stored = at(10)
    const { end, studio } = await opened({ 'training.runs': () => [run], 'training.detail': () => stored })
    const details = studio.of(RunDetail)
    expect(details.of(run)).toBeUndefined()
    await details.load(run)
    for (const done of [5, 11, 12, 12]) end.tell('training.progress', { ...progress, done })
    end.tell('training.progress', { ...progress, run: 'other', done: 13 })
    end.tell('training.progress', { ...progress, doing: 'sampling', done: 14 })
    expect(details.of(run)?.curve.map(({ step }) => step)).toEqual([10, 11, 12])
    stored = at(10, 12)
    await details.load(run)
    expect(details.of(run)?.curve.map(({ step }) => step)).toEqual([10, 12])
  })

  test('of a run that is left are not shown for another', async () => {
    const first = Promise.withResolvers<TrainingDetail>()
    const other = { ...run, id: 'r2' }
    const { studio } = await opened({
      'training.detail': ({ run }: { run: string }) => (run === 'r1' ? first.promise : nothing),
    })
    const details = studio.of(RunDetail)
    const late = details.load(run)
    await details.load(other)
    first.resolve(nothing)
    await late
    expect([details.of(run), details.of(other)]).toEqual([undefined, nothing])
  })
})

describe('the form', () => {
  test('begins with the base of Create and what suits it; bases that cannot be used are not offered', async () => {
    const { studio, draft } = await opened()
    expect(draft.bases.map(({ id }) => id)).toEqual(['demo', 'own'])
    expect([draft.base?.id, draft.source, draft.name]).toEqual(['demo', 'emoji-scenes', 'Demo model guide'])
    studio.create.set({ base: 'own' })
    expect([draft.base?.id, draft.source, draft.name]).toEqual(['own', 'general', 'mine guide'])
    draft.open('demo')
    expect([draft.base?.id, studio.navigation.view]).toEqual(['demo', 'training'])
    studio.create.set({ base: 'own' })
    expect(draft.base?.id).toBe('demo')
  })

  test('proposes a name that no other guide has', async () => {
    const taken = ['mine guide', 'mine guide 2'].map((name, id) => ({ ...run, id: String(id), name }))
    const { draft } = await opened({ 'training.runs': () => taken })
    draft.choose('own')
    expect(draft.name).toBe('mine guide 3')
    draft.rename('Mine')
    draft.choose('demo')
    expect(draft.name).toBe('Mine')
  })

  test('counts the prompts as the studio will read them', () => {
    expect(promptsOf('# birds\r\nan owl\r\n\r\n  a fox \nan owl\n')).toEqual(['an owl', 'a fox'])
    expect(promptsOf('')).toEqual([])
  })

  test('measures a base once; what is measured for one that was left is not shown', async () => {
    const asked: PromiseWithResolvers<typeof estimate>[] = []
    const { end, draft } = await opened({
      'training.estimate': () => {
        const next = Promise.withResolvers<typeof estimate>()
        asked.push(next)
        return next.promise
      },
    })
    const first = draft.look()
    expect(draft.measure).toEqual({ state: 'measuring' })
    draft.leave()
    expect(draft.measure).toEqual({ state: 'none' })
    expect(end.inputsOf('training.cancelEstimate')).toEqual([{}])
    draft.choose('own')
    const second = draft.look()
    await settled()
    asked[0]?.reject(new Error('Another took its place.'))
    await first
    expect(draft.measure).toEqual({ state: 'measuring' })
    asked[1]?.resolve(estimate)
    await second
    expect(draft.measure).toEqual({ state: 'known', estimate })
    await draft.look()
    expect(end.inputsOf('training.estimate')).toEqual([{ base: 'demo' }, { base: 'own' }])
  })

  test('says why a base cannot be measured', async () => {
    const refuse = () => Promise.reject(new Error('It has 9 input channels.'))
    const { draft } = await opened({ 'training.estimate': refuse })
    await draft.look()
    expect(draft.measure).toEqual({ state: 'failed', message: 'It has 9 input channels.', hint: '' })
  })

  test('asks for what it holds, shows the run, and is ready for the next', async () => {
    const { end, draft, training } = await opened({ 'training.begin': () => run })
    draft.choose('own')
    draft.write('an owl\na fox')
    draft.rename('My guide')
    draft.quality = 'best'
    await draft.begin()
    expect(end.inputsOf('training.begin')).toEqual([
      { name: 'My guide', base: 'own', prompts: { text: 'an owl\na fox' }, quality: 'best' },
    ])
    expect([training.shown, training.runs, draft.busy, draft.name]).toEqual(['r1', [run], false, 'mine guide'])
    draft.source = 'general'
    await draft.begin()
    expect(end.inputsOf('training.begin')[1]).toMatchObject({ prompts: { list: 'general' } })
  })

  test('says beside its field what cannot be taken, and asks for nothing', async () => {
    const { end, draft } = await opened()
    draft.rename('  ')
    draft.source = 'own'
    await draft.begin()
    expect(draft.errors).toEqual({
      name: 'The name must not be empty.',
      prompts: 'Write prompts, one a line, or open a text file.',
    })
    draft.rename('x'.repeat(81))
    expect(draft.errors.name).toBeUndefined()
    await draft.begin()
    expect(draft.errors.name).toBe('The name must have at most 80 characters.')
    draft.write('x'.repeat(2_000_001))
    await draft.begin()
    expect(draft.errors.prompts).toBe('The prompts must have at most 2,000,000 characters.')
    expect(end.inputsOf('training.begin')).toEqual([])
  })

  test('says what the studio refuses', async () => {
    const refuse = () => Promise.reject(new Error('The disk is full.'))
    const { draft } = await opened({ 'training.begin': refuse })
    await draft.begin()
    expect([draft.errors, draft.busy]).toEqual([{ all: 'The disk is full.' }, false])
    draft.rename('Another')
    expect(draft.errors.all).toBeUndefined()
  })

  test('takes a text file of prompts, and says of any other why not', async () => {
    const { draft } = await opened()
    await draft.read(new File(['an owl\r\na fox\r\n'], 'mine.txt'))
    expect([draft.source, draft.prompts]).toEqual(['own', ['an owl', 'a fox']])
    const refusals: [File, RegExp][] = [
      [new File([new Uint8Array([0x89, 0x50, 0xff, 0])], 'owl.png'), /^owl.png is no text file/],
      [new File(['a\0b'], 'zero.txt'), /^zero.txt is no text file/],
      [new File(['# nothing\n'], 'empty.txt'), /^empty.txt holds no prompts/],
      [new File([new Uint8Array(8_000_001)], 'large.txt'), /^large.txt is too large/],
    ]
    for (const [file, why] of refusals) {
      await draft.read(file)
      expect(draft.errors.prompts).toMatch(why)
    }
    expect(draft.prompts).toEqual(['an owl', 'a fox'])
  })
})
