import { afterEach, describe, expect, test, vi } from 'vitest'
import type { PictureDetail, PictureItem } from '../../preload/contract/gallery.ts'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import type { PaintJob } from '../../preload/contract/queue.ts'
import { Studio } from '../../renderer/state/studio.svelte.ts'
import type { Run } from '../../renderer/views/create/costs.svelte.ts'
import { Stage } from '../../renderer/views/create/stage.svelte.ts'
import { demo, jobOf, own, picture, queueOf, record, StudioEnd, settled } from './studio-end.ts'

const detailOf = (item: PictureItem): PictureDetail => ({
  ...item,
  file: '/p.png',
  size: 1,
  settings: { ...record, method: 'cfg', guidance: 5, seed: item.seed },
  tags: [],
  passes: 14,
  seconds: 2,
})

const progress = (id: number, picture: number, preview: string | null) => ({
  id,
  phase: 'denoise' as const,
  picture,
  step: 3,
  steps: 20,
  stepsPerSecond: null,
  secondsLeft: null,
  preview,
})
const preview = 'data:image/png;base64,AA=='

async function opened(items: PictureItem[] = [], answers: ConstructorParameters<typeof StudioEnd>[0] = {}) {
  let jobs: PaintJob[] = []
  let next = 100
  const end: StudioEnd = new StudioEnd({
    'models.list': () => [demo, own],
    'gallery.page': () => ({ items, total: items.length }),
    'gallery.detail': ({ id }: { id: number }) => detailOf(items.find(item => item.id === id) ?? picture(id)),
    'queue.enqueue': (request: GenerateRequest) => {
      const job = { ...jobOf(next++, 'queued'), request: { ...jobOf(0, 'queued').request, ...request } } as PaintJob
      jobs = [...jobs, job]
      end.tell('queue.changed', queueOf(...jobs))
      return job
    },
    'queue.cancel': ({ id }: { id: number }) => {
      jobs = jobs.filter(job => job.id !== id)
      end.tell('queue.changed', queueOf(...jobs))
      return {}
    },
    ...answers,
  })
  const studio = new Studio(end)
  const stage = studio.of(Stage)
  end.connection('open')
  await settled()
  return { end, studio, stage }
}

describe('what is shown', () => {
  test('begins with the newest picture', async () => {
    const { stage } = await opened([picture(2), picture(1)])
    expect(stage.shown).toEqual({ src: '/pictures/2', width: 64, height: 64 })
    expect(stage.recent.items.map(({ id }) => id)).toEqual([2, 1])
  })

  test('is the preview while it paints, then the picture, and stays so until the next preview', async () => {
    const { end, stage } = await opened([picture(1)])
    end.tell('queue.changed', queueOf(jobOf(7, 'running', { count: 2, width: 96 })))
    expect(stage.shown?.src).toBe('/pictures/1')
    end.tell('queue.progress', progress(7, 0, preview))
    expect(stage.shown).toEqual({ src: preview, width: 96, height: 64 })
    end.tell('gallery.changed', { added: [picture(2, 9)], updated: [], removed: [] })
    expect(stage.shown?.src).toBe('/pictures/2')
    end.tell('queue.progress', progress(7, 1, null))
    expect(stage.shown?.src).toBe('/pictures/2')
    end.tell('queue.progress', progress(7, 1, preview))
    expect(stage.shown?.src).toBe(preview)
  })

  test('stays with a picture that was chosen while something is painted', async () => {
    const { end, stage } = await opened([picture(2), picture(1)])
    end.tell('queue.changed', queueOf(jobOf(7, 'running')))
    end.tell('queue.progress', progress(7, 0, preview))
    await stage.choose(picture(1))
    expect(stage.shown?.src).toBe('/pictures/1')
    end.tell('gallery.changed', { added: [picture(3, 9)], updated: [], removed: [] })
    expect(stage.shown?.src).toBe('/pictures/1')
    stage.following = true
    expect(stage.shown?.src).toBe(preview)
  })

  test('is not a picture that was imported meanwhile', async () => {
    const { end, stage } = await opened([picture(1)])
    end.tell('queue.changed', queueOf(jobOf(7, 'running')))
    end.tell('gallery.changed', { added: [picture(5, 12345)], updated: [], removed: [] })
    expect(stage.shown?.src).toBe('/pictures/1')
    expect(stage.recent.items[0]?.id).toBe(5)
  })

  test('is a neighbour when the picture is deleted, and nothing after the last', async () => {
    const { end, stage } = await opened([picture(3), picture(2), picture(1)])
    await stage.choose(picture(2))
    end.tell('gallery.changed', { added: [], updated: [], removed: [2] })
    expect(stage.chosen?.id).toBe(1)
    end.tell('gallery.changed', { added: [], updated: [], removed: [1] })
    expect(stage.chosen?.id).toBe(3)
    end.tell('gallery.changed', { added: [], updated: [], removed: [3] })
    expect(stage.shown).toBeNull()
  })
})

describe('when another program has changed the gallery', () => {
  async function changed(items: PictureItem[]) {
    const held = { items }
    const all = await opened([], {
      'gallery.page': ({ after, limit }: { after: { id: number } | null; limit: number }) => ({
        items: held.items.filter(({ id }) => !after || id < after.id).slice(0, limit),
        total: null,
      }),
    })
    const ids = () => all.stage.recent.items.map(({ id }) => id)
    const become = async (items: PictureItem[]) => {
      held.items = items
      all.end.tell('gallery.stale', {})
      await settled()
    }
    return { ...all, ids, become }
  }

  test('the strip takes in what is new and lets go of what is gone', async () => {
    const { stage, ids, become } = await changed([picture(3), picture(2), picture(1)])
    await become([picture(4), picture(3), picture(1)])
    expect(ids()).toEqual([4, 3, 1])
    expect(stage.chosen?.id).toBe(3)
  })

  test('a neighbour of the picture that is gone is shown, then nothing, then the first that comes', async () => {
    const { stage, become } = await changed([picture(4), picture(3), picture(2), picture(1)])
    await stage.choose(picture(3))
    await become([picture(4), picture(1)])
    expect([stage.chosen?.id, stage.detail?.id]).toEqual([1, 1])
    await become([])
    expect(stage.shown).toBeNull()
    await become([picture(5)])
    expect(stage.chosen?.id).toBe(5)
  })

  test('so it is when the studio can be reached again', async () => {
    const { end, stage, become } = await changed([picture(2), picture(1)])
    await become([picture(1)])
    end.connection('lost')
    end.connection('open')
    await settled()
    expect(stage.chosen?.id).toBe(1)
  })
})

describe('painting', () => {
  test('draws another seed each time unless it is locked', async () => {
    const { end, stage, studio } = await opened()
    await stage.paint()
    await stage.paint()
    studio.create.set({ seed: 5, seedLocked: true })
    await stage.paint()
    const seeds = end.inputsOf('queue.enqueue').map(input => (input as GenerateRequest).seed)
    expect(new Set(seeds.slice(0, 2)).size).toBe(2)
    expect(seeds[2]).toBe(5)
  })

  test('Esc ends the running job, and leaves the queue alone', async () => {
    const { end, stage } = await opened()
    end.tell('queue.changed', queueOf(jobOf(1, 'running'), jobOf(2, 'queued'), jobOf(3, 'queued')))
    await stage.cancel()
    end.tell('queue.changed', queueOf(jobOf(2, 'queued'), jobOf(3, 'queued')))
    await stage.cancel()
    expect(end.inputsOf('queue.cancel')).toEqual([{ id: 1 }])
  })
})

describe('another guidance', () => {
  const asked = (end: StudioEnd) => end.inputsOf('queue.enqueue')

  test('paints the picture that is looked at again: its seed and settings, not those of the panel', async () => {
    const { end, stage, studio } = await opened([picture(1, 77)])
    studio.create.set({ prompt: 'something else', steps: 50, count: 8 })
    await stage.repaint.paint({ guidance: 9 })
    expect(asked(end)).toEqual([
      expect.objectContaining({ prompt: 'an owl', steps: 7, seed: 77, guidance: 9, method: 'cfg', count: 1 }),
    ])
    expect(studio.create.values).toMatchObject({ prompt: 'something else', guidance: 9 })
  })

  test('paints nothing where nothing changes, and where there is no picture', async () => {
    const { end, stage } = await opened([picture(1)])
    await stage.repaint.paint({ guidance: 5 })
    const empty = await opened()
    await empty.stage.repaint.paint({ guidance: 9 })
    expect([...asked(end), ...asked(empty.end)]).toEqual([])
    expect(empty.studio.create.values.guidance).toBe(9)
  })

  test('replaces the wish before it, and leaves what Paint asked for alone', async () => {
    const { end, stage } = await opened([picture(1)])
    await stage.paint()
    await stage.repaint.paint({ guidance: 6 })
    await stage.repaint.paint({ guidance: 8 })
    await stage.repaint.paint({ guidance: 8 })
    expect(end.inputsOf('queue.cancel')).toEqual([{ id: 101 }])
    expect(asked(end)).toHaveLength(3)
  })
})

describe('while it is dragged', () => {
  const answers: PromiseWithResolvers<unknown>[] = []
  const drafting = async () => {
    answers.length = 0
    const all = await opened([picture(1)], {
      'queue.draft': () => {
        const answer = Promise.withResolvers<unknown>()
        answers.push(answer)
        return answer.promise
      },
      'queue.cancelDraft': () => {
        answers.at(-1)?.resolve(null)
        return {}
      },
    })
    return { ...all, asked: () => all.end.inputsOf('queue.draft').map(input => (input as GenerateRequest).guidance) }
  }
  const draft = (name: string, seconds = 0.4) => ({ picture: name, width: 64, height: 64, passes: 14, seconds })
  afterEach(() => void vi.useRealTimers())

  test("one draft is painted at a time, the newest place next, and stands in the picture's place", async () => {
    const { stage, asked } = await drafting()
    for (const guidance of [6, 7, 8]) stage.repaint.move({ guidance })
    expect(asked()).toEqual([6])
    answers[0]?.resolve(draft('six'))
    await settled()
    expect(stage.shown?.src).toBe('six')
    expect(asked()).toEqual([6, 8])
    answers[1]?.resolve(draft('eight'))
    await settled()
    expect(stage.shown?.src).toBe('eight')
    expect(stage.run).toMatchObject({ passes: 14, seconds: 0.4, request: { guidance: 8 } })
  })

  test('letting go paints for real; the draft stays until the picture is there', async () => {
    const { end, stage } = await drafting()
    stage.repaint.move({ guidance: 8 })
    answers[0]?.resolve(draft('eight'))
    await settled()
    await stage.repaint.paint({ guidance: 8 })
    expect(end.inputsOf('queue.enqueue')).toHaveLength(1)
    const request = { ...jobOf(0, 'queued').request, seed: 1, guidance: 8 }
    end.tell('queue.changed', queueOf(jobOf(100, 'running', request)))
    end.tell('queue.progress', progress(100, 0, preview))
    expect(stage.shown?.src).toBe('eight')
    end.tell('gallery.changed', { added: [picture(2, 1)], updated: [], removed: [] })
    expect(stage.shown?.src).toBe('/pictures/2')
  })

  test('what comes after letting go is not shown, and back at the start nothing is painted', async () => {
    const { end, stage } = await drafting()
    stage.repaint.move({ guidance: 8 })
    await stage.repaint.paint({ guidance: 5 })
    await settled()
    expect(end.inputsOf('queue.cancelDraft')).toHaveLength(1)
    expect(end.inputsOf('queue.enqueue')).toEqual([])
    expect(stage.shown?.src).toBe('/pictures/1')
  })

  test('Escape gives up the draft and puts the bar back', async () => {
    const { end, stage, studio } = await drafting()
    studio.create.set({ guidance: 5 })
    stage.repaint.move({ guidance: 8 })
    answers[0]?.resolve(draft('eight'))
    await settled()
    stage.repaint.move({ guidance: 9 })
    await stage.cancel()
    await settled()
    expect(stage.shown?.src).toBe('/pictures/1')
    expect(studio.create.values.guidance).toBe(5)
    expect(end.inputsOf('queue.cancelDraft')).toHaveLength(1)
    expect(end.inputsOf('queue.cancel')).toEqual([])
  })

  test('a base that is slow is painted when it is let go', async () => {
    const { stage, asked } = await drafting()
    stage.repaint.move({ guidance: 8 })
    answers[0]?.resolve(draft('eight', 2.5))
    await settled()
    stage.repaint.move({ guidance: 9 })
    expect(asked()).toEqual([8])
  })
})

describe('what a picture cost', () => {
  const run = (stage: Stage) => stage.costs.runOf(stage.detail as PictureDetail) as Run

  test('is what was measured, and is held against CFG where that has been painted too', async () => {
    const { stage } = await opened([picture(1)])
    const cfg = run(stage)
    expect(stage.costs.line(cfg)).toEqual(['2 passes a step', '7 steps', '2.0 s'])
    const none: Run = { request: { ...cfg.request, method: 'none' }, passes: 7, seconds: 1.02 }
    expect(stage.costs.line(none)).toEqual(['1 pass a step', '7 steps', '1.0 s', '49% less than CFG'])
    const other = { ...none, request: { ...none.request, width: 512 } }
    expect(stage.costs.line(other)).not.toContain('49% less than CFG')
    expect(stage.costs.line({ ...cfg, passes: null, seconds: null })).toEqual(['7 steps'])
  })

  test('tells guides and options apart, and takes the last run of each', async () => {
    const { stage } = await opened([picture(1)])
    const { request } = run(stage)
    const guided = { ...request, method: 'guide' as const, guide: 'a', refresh: 0 }
    stage.costs.note({ request: guided, passes: 7, seconds: 1 }, 5)
    stage.costs.note({ request: guided, passes: 7, seconds: 9 }, 4)
    expect(stage.costs.expected(guided)).toBe(1)
    expect(stage.costs.expected({ ...guided, steps: 14 })).toBe(2)
    expect(stage.costs.expected({ ...guided, sampler: 'heun' })).toBeCloseTo(13 / 7)
    expect(stage.costs.expected({ ...guided, refresh: 2 })).toBeUndefined()
    expect(stage.costs.expected({ ...guided, guide: 'b' })).toBeUndefined()
  })

  test('without a run of CFG is measured once, as a draft', async () => {
    const none = { ...detailOf(picture(1)), settings: { ...record, method: 'none', seed: 1 } }
    const { end, stage } = await opened([picture(1)], {
      'gallery.detail': () => none,
      'queue.draft': () => ({ picture: 'cfg', width: 64, height: 96, passes: 14, seconds: 4 }),
    })
    expect(stage.measurable).toBe(true)
    await stage.measure()
    expect(end.inputsOf('queue.draft')).toEqual([expect.objectContaining({ method: 'cfg', seed: 1, steps: 7 })])
    expect(stage.measurable).toBe(false)
    expect(stage.costs.line(stage.run as Run)).toContain('50% less than CFG')
    expect(stage.shown?.src).toBe('/pictures/1')
  })
})
