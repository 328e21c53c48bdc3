import { describe, expect, test } from 'vitest'
import type { PictureDetail, PictureItem } from '../../preload/contract/gallery.ts'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import type { Job } from '../../preload/contract/queue.ts'
import { Studio } from '../../renderer/state/studio.svelte.ts'
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

async function opened(items: PictureItem[] = []) {
  let jobs: Job[] = []
  let next = 100
  const end: StudioEnd = new StudioEnd({
    'models.list': () => [demo, own],
    'gallery.page': () => ({ items, total: items.length }),
    'gallery.detail': ({ id }: { id: number }) => detailOf(items.find(item => item.id === id) ?? picture(id)),
    'queue.enqueue': (request: GenerateRequest) => {
      const job = { ...jobOf(next++, 'queued'), request: { ...jobOf(0, 'queued').request, ...request } } as Job
      jobs = [...jobs, job]
      end.tell('queue.changed', queueOf(...jobs))
      return job
    },
    'queue.cancel': ({ id }: { id: number }) => {
      jobs = jobs.filter(job => job.id !== id)
      end.tell('queue.changed', queueOf(...jobs))
      return {}
    },
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

  test('Esc ends the running job, then the last of the queue', async () => {
    const { end, stage } = await opened()
    end.tell('queue.changed', queueOf(jobOf(1, 'running'), jobOf(2, 'queued'), jobOf(3, 'queued')))
    await stage.cancel()
    end.tell('queue.changed', queueOf(jobOf(2, 'queued'), jobOf(3, 'queued')))
    await stage.cancel()
    expect(end.inputsOf('queue.cancel')).toEqual([{ id: 1 }, { id: 3 }])
  })
})

describe('another guidance', () => {
  test('paints the picture that is looked at again: its seed and settings, not those of the panel', async () => {
    const { end, stage, studio } = await opened([picture(1, 77)])
    studio.create.set({ prompt: 'something else', steps: 50, count: 8 })
    await stage.repaint({ guidance: 9 })
    expect(end.inputsOf('queue.enqueue')).toEqual([
      expect.objectContaining({ prompt: 'an owl', steps: 7, seed: 77, guidance: 9, method: 'cfg', count: 1 }),
    ])
    expect(studio.create.values).toMatchObject({ prompt: 'something else', guidance: 9 })
  })

  test('paints nothing where nothing changes, and where there is no picture', async () => {
    const { end, stage } = await opened([picture(1)])
    await stage.repaint({ guidance: 5 })
    const empty = await opened()
    await empty.stage.repaint({ guidance: 9 })
    expect([...end.inputsOf('queue.enqueue'), ...empty.end.inputsOf('queue.enqueue')]).toEqual([])
    expect(empty.studio.create.values.guidance).toBe(9)
  })

  test('replaces the wish before it, and leaves what Paint asked for alone', async () => {
    const { end, stage } = await opened([picture(1)])
    await stage.paint()
    await stage.repaint({ guidance: 6 })
    await stage.repaint({ guidance: 8 })
    expect(end.inputsOf('queue.cancel')).toEqual([{ id: 101 }])
  })
})

describe('what a picture cost', () => {
  test('is what was measured, and is held against CFG where that has been painted too', async () => {
    const { stage } = await opened([picture(1)])
    const cfg = stage.detail as PictureDetail
    expect(stage.costs.line(cfg)).toEqual(['2 passes a step', '7 steps', '2.0 s'])
    const settings = { ...record, method: 'none', seed: 1 }
    expect(stage.costs.line({ ...cfg, settings, passes: 7, seconds: 1.02 })).toEqual([
      '1 pass a step',
      '7 steps',
      '1.0 s',
      '49% less than CFG',
    ])
    const other = { ...settings, width: 512 }
    expect(stage.costs.line({ ...cfg, settings: other, passes: 7, seconds: 1.02 })).not.toContain('49% less than CFG')
    expect(stage.costs.line({ ...cfg, passes: null, seconds: null })).toEqual(['7 steps'])
  })
})
