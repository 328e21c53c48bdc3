import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { PaintJob } from '../../../preload/contract/queue.ts'
import { fixture } from '../../support/fixtures.ts'
import { idle, openStudio, pictures, record, refusal, small, until } from '../studio.ts'

const parsed = { guidance: 5, schedule: 'auto', count: 1, clipSkip: 1, strength: 0.6 } as const
const request = { ...small, ...parsed }

describe('the queue', () => {
  it('paints in the order of asking, and keeps each picture as it is done', async () => {
    const app = await openStudio()
    const progress = record(app, 'queue.progress')
    await app.services.queue.pause({})
    for (const seed of [3, 1, 2]) await app.services.queue.enqueue({ ...request, seed, count: seed === 1 ? 2 : 1 })
    const { jobs } = await app.services.queue.state({})
    expect(jobs.map(job => job.kind === 'paint' && [job.state, job.request.seed, job.request.base])).toEqual(
      [3, 1, 2].map(seed => ['queued', seed, 'demo']),
    )
    await app.services.queue.resume({})
    await idle(app)
    expect((await pictures(app)).map(({ seed }) => seed)).toEqual([3, 1, 2, 2])
    expect(progress.map(({ picture }) => picture)).toContain(1)
    expect(progress.at(-1)).toMatchObject({ phase: 'decode', step: 2, steps: 2 })
    const { settings, seconds, passes } = await app.services.gallery.detail({ id: (await pictures(app))[0]?.id ?? 0 })
    expect(settings).toMatchObject({
      prompt: 'a strawberry',
      method: 'none',
      seed: 3,
      steps: 2,
      base: { name: 'demo' },
    })
    expect(passes).toBe(2)
    expect(seconds).toBeGreaterThan(0)
  })

  it('draws a seed where none is given, and records it', async () => {
    const app = await openStudio()
    const job = await app.services.queue.enqueue(request)
    expect(job.request.seed).toBeGreaterThanOrEqual(0)
    await idle(app)
    expect((await pictures(app)).map(({ seed }) => seed)).toEqual([job.request.seed])
  })

  it('refuses a wrong base before it is queued', async () => {
    const app = await openStudio()
    const enqueue = (base: string) => refusal(app.services.queue.enqueue({ ...request, base }))
    expect((await enqueue('no-such-model')).message).toBe(
      'There is no model no-such-model in the library, and no file of that name.',
    )
    expect((await enqueue('/no/such/file.safetensors')).message).toBe('/no/such/file.safetensors does not exist.')
    expect((await enqueue(fixture('bad-files', 'vae-only.safetensors'))).message).toContain('only a VAE')
    expect((await refusal(app.services.queue.enqueue({ ...request, init: '/no/such.png' }))).message).toContain(
      'not exist',
    )
    expect((await app.services.queue.state({})).jobs).toEqual([])
  })

  it('cancels what waits and what runs, and goes on with the rest', async () => {
    const app = await openStudio()
    const running = await app.services.queue.enqueue({ ...request, steps: 1000, seed: 1 })
    const waiting = await app.services.queue.enqueue({ ...request, seed: 2 })
    await app.services.queue.enqueue({ ...request, seed: 3 })
    await until(async () => (await app.services.queue.state({})).jobs[0]?.state === 'running')
    await app.services.queue.cancel({ id: waiting.id })
    await app.services.queue.cancel({ id: running.id })
    await idle(app)
    expect((await pictures(app)).map(({ seed }) => seed)).toEqual([3])
    expect((await app.services.queue.state({})).jobs).toEqual([])
  })

  it('cancels all', async () => {
    const app = await openStudio()
    for (const seed of [1, 2, 3]) await app.services.queue.enqueue({ ...request, steps: 1000, seed })
    await app.services.queue.cancelAll({})
    await idle(app)
    expect(await pictures(app)).toEqual([])
  })

  it('stops between two pictures when it is paused, and paints the others when it goes on', async () => {
    const app = await openStudio()
    const { id } = await app.services.queue.enqueue({ ...request, seed: 10, count: 3 })
    await app.services.queue.pause({})
    const paused = await until(async () => {
      const { jobs } = await app.services.queue.state({})
      return jobs.find(job => job.kind === 'paint' && job.id === id && job.state === 'queued') as PaintJob | undefined
    })
    expect(paused.done).toBeLessThan(3)
    expect(await pictures(app)).toHaveLength(paused.done)
    await app.services.queue.resume({})
    await idle(app)
    expect((await pictures(app)).map(({ seed }) => seed)).toEqual([10, 11, 12])
  })

  it('fails with its sentence, goes on with the next, and paints again when asked to', async () => {
    const app = await openStudio()
    const bad = await app.services.queue.enqueue({ ...request, base: fixture('bad-files', 'nan-weights.safetensors') })
    await app.services.queue.enqueue({ ...request, seed: 5 })
    await idle(app)
    const failed = await app.services.queue.state({})
    expect(failed.waiting).toBeNull()
    expect(failed.jobs).toMatchObject([{ id: bad.id, state: 'failed', done: 0 }])
    expect(failed.jobs[0]?.error).toEqual({
      message: 'model.diffusion_model.output_blocks.3.0.in_layers.2.weight contains NaN; the model is damaged.',
      hint: 'Download the file again.',
    })
    expect((await pictures(app)).map(({ seed }) => seed)).toEqual([5])

    expect(await app.services.queue.retry({ id: bad.id })).toMatchObject({ id: bad.id, state: 'queued', error: null })
    await idle(app)
    expect((await app.services.queue.state({})).jobs).toMatchObject([{ id: bad.id, state: 'failed' }])
    await app.services.queue.dismiss({ id: bad.id })
    expect((await app.services.queue.state({})).jobs).toEqual([])
    expect((await refusal(app.services.queue.retry({ id: bad.id }))).message).toContain('cannot be painted again')
  })

  it('paints a picture from another', async () => {
    const app = await openStudio()
    await app.services.queue.enqueue({ ...request, seed: 1 })
    await idle(app)
    const init = await app.gallery.file((await pictures(app))[0]?.id ?? 0)
    await app.services.queue.enqueue({ ...request, init: join(init ?? ''), strength: 0.5, seed: 2 })
    await idle(app)
    const second = await app.services.gallery.detail({ id: (await pictures(app))[1]?.id ?? 0 })
    expect(second.settings).toMatchObject({ strength: 0.5, seed: 2 })
  })
})
