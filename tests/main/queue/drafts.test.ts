import { describe, expect, it } from 'vitest'
import { generateRequest } from '../../../preload/contract/generation.ts'
import { fixture } from '../../support/fixtures.ts'
import { idle, openStudio, pictures, refusal, small } from '../studio.ts'

const request = generateRequest.parse({ ...small, method: 'guide', guidance: 4, seed: 1 })

describe('a draft', () => {
  it('is the picture that the same request would give, and is kept nowhere', async () => {
    const app = await openStudio()
    const draft = await app.services.queue.draft({ ...request, count: 5 })
    expect(draft).toMatchObject({ passes: 2, width: 64, height: 64 })
    expect(draft?.picture).toMatch(/^data:image\/webp;base64,/)
    expect(await pictures(app)).toEqual([])
    expect((await app.services.queue.state({})).jobs).toEqual([])
  })

  it('gives way to the next one, and to a job', async () => {
    const app = await openStudio()
    const { queue } = app.services
    const long = { ...request, steps: 1000 }
    const [first, second] = [queue.draft(long), queue.draft({ ...request, guidance: 5 })]
    expect(await first).toBeNull()
    expect(await second).not.toBeNull()
    const third = queue.draft(long)
    await queue.enqueue(request)
    expect(await third).toBeNull()
    await idle(app)
    expect(await pictures(app)).toHaveLength(1)
  })

  it('does not disturb a job that is painted', async () => {
    const app = await openStudio()
    const { queue } = app.services
    const { id } = await queue.enqueue({ ...request, steps: 1000 })
    expect(await queue.draft(request)).toBeNull()
    await queue.cancel({ id })
    await idle(app)
  })

  it('is given up on a word, and says why it cannot be painted', async () => {
    const app = await openStudio()
    const { queue } = app.services
    const draft = queue.draft({ ...request, steps: 1000 })
    await queue.cancelDraft({})
    expect(await draft).toBeNull()
    const other = { ...request, base: fixture('sd1-tiny', 'sd1-tiny.safetensors') }
    expect((await refusal(queue.draft(other))).message).toBe('There is no guide that fits this base.')
  })
})

describe('guides in the library', () => {
  it('are held against a base: those that fit first, the others with the field that differs', async () => {
    const app = await openStudio()
    const { models } = app.services
    const { model } = await models.import({
      source: { path: fixture('family', 'guide-tap1.safetensors') },
      way: 'link',
    })
    expect(model).toMatchObject({ kind: 'guide', usable: true, problem: null })
    const guides = await models.guides({ base: 'demo' })
    expect(guides.map(({ id, kind, fits }) => [id, kind, fits])).toEqual([
      [model.id, 'tap1', true],
      ['demo-guide', 'lora1', true],
    ])
    expect(guides[1]?.guidance).toEqual([1, 9])
    const other = await models.guides({ base: fixture('sd1-tiny', 'sd1-tiny.safetensors') })
    expect(other.map(({ fits }) => fits)).toEqual([false, false])
    expect(other[0]?.difference).toContain('(crossAttentionDim)')
  })

  it('guide a request that names none, and are recorded with their hash', async () => {
    const app = await openStudio()
    const { queue, gallery } = app.services
    const { method: _, ...open } = request
    const job = await queue.enqueue(open)
    expect(job.request).toMatchObject({ method: 'guide', guide: 'demo-guide' })
    await idle(app)
    const [picture] = await pictures(app)
    const { settings } = await gallery.detail({ id: picture?.id ?? 0 })
    expect(settings).toMatchObject({ method: 'guide', guide: { name: 'demo-guide' } })
    expect(settings?.guide?.hash).toMatch(/^[\da-f]{10}$/)
  })

  it('that do not fit are refused before the job is queued', async () => {
    const app = await openStudio()
    const base = fixture('sd1-tiny', 'sd1-tiny.safetensors')
    const { message } = await refusal(app.services.queue.enqueue({ ...request, base, guide: 'demo-guide' }))
    expect(message).toContain('(crossAttentionDim) is 128')
    expect((await app.services.queue.state({})).jobs).toEqual([])
  })

  it('ship with the studio, and stay', async () => {
    const app = await openStudio()
    const { models } = app.services
    expect((await models.list({})).filter(({ place }) => place === 'shipped').map(({ id }) => id)).toEqual([
      'demo',
      'demo-guide',
    ])
    expect((await refusal(models.remove({ id: 'demo-guide' }))).message).toContain('stays')
  })
})
