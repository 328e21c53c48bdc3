import { describe, expect, test } from 'vitest'
import type { PictureDetail, PictureRecord } from '../../preload/contract/gallery.ts'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import { Studio } from '../../renderer/state/studio.svelte.ts'
import { Comparison, type Place } from '../../renderer/views/create/comparison.svelte.ts'
import { Stage } from '../../renderer/views/create/stage.svelte.ts'
import { demo, guide, guideModel, jobOf, own, picture, queueOf, record, StudioEnd, settled } from './studio-end.ts'

const guided: Partial<PictureRecord> = { method: 'guide', guide: { name: 'demo-guide' }, refresh: 4 }

/** A studio whose gallery holds pictures of seed 7 that were made so; the first is looked at. */
async function opened(made: Partial<PictureRecord>[], answers: ConstructorParameters<typeof StudioEnd>[0] = {}) {
  const details = made.map(
    (settings, index): PictureDetail => ({
      ...picture(made.length - index, 7),
      ...{ file: '/p.png', tags: [], passes: 14, seconds: 2 },
      settings: { ...record, guidance: 5, ...settings, seed: 7 },
    }),
  )
  let next = 100
  const end = new StudioEnd({
    'models.list': () => [demo, own, guideModel],
    'models.guides': () => [guide],
    'gallery.page': () => ({ items: details, total: details.length }),
    'gallery.detail': ({ id }: { id: number }) => details.find(detail => detail.id === id),
    'queue.enqueue': (request: GenerateRequest) => ({ ...jobOf(next++, 'queued'), request }),
    ...answers,
  })
  const studio = new Studio(end)
  const comparison = studio.of(Comparison)
  end.connection('open')
  await settled()
  return { end, studio, comparison, stage: studio.of(Stage), details }
}

const methodsOf = ({ places }: Comparison) => places.map(({ method }) => method)
const asked = (end: StudioEnd) => end.inputsOf('queue.enqueue').map(input => (input as GenerateRequest).method)

describe('a comparison', () => {
  test('takes what the gallery has with exactly these settings, and has the rest painted', async () => {
    const { end, comparison } = await opened([guided, { method: 'cfg', steps: 8 }, { method: 'none' }])
    await comparison.open()
    expect(methodsOf(comparison)).toEqual(['guide', 'cfg', 'none'])
    expect(comparison.places.map(({ detail }) => detail?.id)).toEqual([3, undefined, 1])
    expect(end.inputsOf('queue.enqueue')).toEqual([
      expect.objectContaining({ method: 'cfg', seed: 7, steps: 7, guidance: 5, prompt: 'an owl' }),
    ])
  })

  test('takes a picture up when it has been painted, and stays with the one that is looked at', async () => {
    const { end, comparison, stage, details } = await opened([guided, { method: 'none' }])
    await comparison.open()
    end.tell('queue.changed', queueOf(jobOf(100, 'running', { seed: 7 })))
    const painted = {
      ...(details[0] as PictureDetail),
      id: 9,
      settings: { ...record, method: 'cfg', guidance: 5, seed: 7 },
    }
    details.push(painted)
    end.tell('gallery.changed', { added: [picture(9, 7)], updated: [], removed: [] })
    await settled()
    expect(comparison.at('cfg')?.detail?.id).toBe(9)
    expect(stage.chosen?.id).toBe(2)
    await stage.choose(picture(9, 7))
    expect(comparison.source).toBeNull()
  })

  test("of a picture with CFG brings the bar's method, else a guide that fits", async () => {
    const { comparison, studio } = await opened([{ method: 'cfg' }])
    studio.create.set({ method: 'reuse', reuse: 3 })
    await comparison.open()
    expect(methodsOf(comparison)).toEqual(['reuse', 'cfg', 'none'])
    expect(comparison.at('reuse')?.request.refresh).toBe(3)
    studio.create.set({ method: 'none' })
    await comparison.open()
    expect(comparison.at('guide')?.request).toMatchObject({ guide: 'demo-guide', guidance: 5 })
  })

  test('says where the queue did not take a picture, until it does', async () => {
    let full = true
    const { comparison } = await opened([guided, { method: 'none' }], {
      'queue.enqueue': (request: GenerateRequest) => {
        if (full) throw new Error('The queue is full.')
        return { ...jobOf(100, 'queued'), request }
      },
    })
    await comparison.open()
    expect(comparison.at('cfg')).toMatchObject({ job: null, refused: true })
    full = false
    await comparison.paint(comparison.at('cfg') as Place)
    expect(comparison.at('cfg')).toMatchObject({ job: 100, refused: false })
  })

  test('is not offered where the picture could not be painted again', async () => {
    const gone = await opened([{ ...guided, base: { name: 'gone' } }])
    expect(gone.comparison.possible).toBe(false)
    const begun = await opened([{ ...guided, strength: 0.5 }])
    await begun.comparison.open()
    expect([begun.comparison.source, asked(begun.end)]).toEqual([null, []])
  })

  test('never shows one method on both sides', async () => {
    const { comparison } = await opened([guided])
    await comparison.open()
    expect([comparison.left, comparison.right]).toEqual(['guide', 'cfg'])
    comparison.put('left', 'cfg')
    expect([comparison.left, comparison.right]).toEqual(['cfg', 'guide'])
    comparison.put('right', 'none')
    expect([comparison.left, comparison.right]).toEqual(['cfg', 'none'])
  })
})
