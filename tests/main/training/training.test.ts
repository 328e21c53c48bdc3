import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { pictures, record, small, until } from '../studio.ts'
import { begin, brief, comesTo, openWithBase, pidOf, runOf, stepsOf, takesStep, upTo } from './support.ts'

const request = generateRequest.parse(small)

describe('a guide', () => {
  it('is trained in a process of its own, tells how far it is, and lies on the shelf when it is done', async () => {
    const app = await openWithBase()
    const progress = record(app, 'training.progress')
    const changes = record(app, 'training.changed')
    const begun = await begin(app)
    expect(begun).toMatchObject({ id: 'my-guide', name: 'My guide', state: 'queued', base: app.base, quality: 'quick' })
    expect((await app.services.queue.state({})).jobs).toMatchObject([{ kind: 'train', run: 'my-guide', id: begun.job }])
    const done = await comesTo(app, begun.id, 'done')
    expect(done).toMatchObject({ job: null, step: brief.steps, steps: brief.steps, problem: null })
    expect(done.error).toBeGreaterThan(0)
    expect(await stepsOf(app, begun.id)).toEqual(upTo(brief.steps))

    expect(progress.map(({ doing }) => doing)).toEqual(
      expect.arrayContaining(['reading the prompts', 'asking the teacher', null]),
    )
    expect(progress.at(-1)).toMatchObject({ run: begun.id, done: brief.steps, total: brief.steps, secondsLeft: 0 })
    // Every checkpoint is told.
    const told = changes.map(runs => runs[0]?.step)
    for (const step of [20, 40]) expect(told).toContain(step)

    const detail = await app.services.training.detail({ run: begun.id })
    expect(detail.curve).toHaveLength(brief.steps)
    expect(detail.errors.map(({ step }) => step)).toEqual([20, 40])
    expect(Object.keys(detail.errors[0]?.errors ?? {})).toEqual(['2', '4', '8'])
    expect(detail.samples.map(({ step, files }) => [step, files.length])).toEqual([[40, 4]])
    expect([detail.cfg.length, detail.none.length, detail.prompts.length]).toEqual([4, 4, 4])
    for (const file of [...detail.cfg, ...detail.none, ...(detail.samples[0]?.files ?? [])])
      expect((await stat((await app.runs.file(begun.id, file)) ?? '')).size).toBeGreaterThan(100)

    const cards = await app.services.models.guides({ base: app.base })
    expect(cards[0]).toMatchObject({ id: done.guide, name: 'My guide', fits: true, kind: 'lora1' })
    // The run may go: the guide stays.
    await app.services.training.remove({ run: begun.id })
    expect(await readdir(join(app.data, 'runs'))).toEqual([])
    expect(await app.services.training.runs({})).toEqual([])
    expect((await app.services.models.guides({ base: app.base }))[0]?.id).toBe(done.guide)
  })

  it('makes way for pictures and drafts with a checkpoint, and goes on by itself', async () => {
    const app = await openWithBase()
    const steps = 3000
    const { id } = await begin(app, { steps, sampleEvery: 0, checkpointEvery: 100_000 })
    await takesStep(app, 5)
    const pid = await pidOf(app, id)
    const picture = await app.services.queue.enqueue({ ...request, seed: 1 })
    await until(async () => (await pictures(app)).length === 1)
    const waiting = await runOf(app, id)
    expect(waiting).toMatchObject({ state: 'queued', error: null })
    expect(waiting.step).toBeGreaterThanOrEqual(5)
    expect(() => process.kill(pid, 0)).toThrow()
    expect((await app.services.queue.state({})).jobs.map(({ id: job }) => job)).not.toContain(picture.id)

    await takesStep(app, waiting.step + 1)
    const second = await pidOf(app, id)
    expect(second).not.toBe(pid)
    const draft = await app.services.queue.draft(request)
    expect(draft).toMatchObject({ width: 64 })
    expect(() => process.kill(second, 0)).toThrow()
    expect(await runOf(app, id)).toMatchObject({ state: 'queued' })
    await takesStep(app)
    await app.services.training.stop({ run: id })
    const stopped = await comesTo(app, id, 'stopped')
    // No step was taken twice or left out.
    expect(await stepsOf(app, id)).toEqual(upTo(stopped.step))
  })

  it('is stopped with a checkpoint, and gone on with', async () => {
    const app = await openWithBase()
    const { id } = await begin(app, { steps: 400, sampleEvery: 0, checkpointEvery: 100_000 })
    await takesStep(app, 3)
    await app.services.training.stop({ run: id })
    const stopped = await comesTo(app, id, 'stopped')
    expect(stopped).toMatchObject({ job: null, guide: null, problem: null })
    expect(stopped.step).toBeGreaterThanOrEqual(3)
    expect((await app.services.queue.state({})).jobs).toEqual([])
    expect(await app.services.training.goOn({ run: id })).toMatchObject({ state: 'queued' })
    expect(await comesTo(app, id, 'done')).toMatchObject({ step: 400 })
    expect(await stepsOf(app, id)).toEqual(upTo(400))
  })

  it('waits while the queue is paused', async () => {
    const app = await openWithBase()
    const { id } = await begin(app, { steps: 3000, sampleEvery: 0, checkpointEvery: 100_000 })
    await takesStep(app)
    await app.services.queue.pause({})
    expect((await comesTo(app, id, 'queued')).step).toBeGreaterThan(0)
    await app.services.training.stop({ run: id })
    expect((await runOf(app, id)).state).toBe('stopped')
  })
})
