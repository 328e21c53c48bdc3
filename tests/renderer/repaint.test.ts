import { beforeEach, describe, expect, test, vi } from 'vitest'
import type { PictureDetail } from '../../preload/contract/gallery.ts'
import type { GenerateRequest } from '../../preload/contract/generation.ts'
import { Studio } from '../../renderer/state/studio.svelte.ts'
import { Stage } from '../../renderer/views/create/stage.svelte.ts'
import { QueueEnd } from './queue-end.ts'
import { demo, own, picture, record, StudioEnd, settled } from './studio-end.ts'

const told = vi.hoisted(() => ({ error: vi.fn() }))
vi.mock('svelte-sonner', () => ({ toast: Object.assign(vi.fn(), { error: told.error, dismiss: vi.fn() }) }))
beforeEach(() => void vi.clearAllMocks())

const draft = { picture: 'data:draft', width: 64, height: 96, passes: 14, seconds: 0.1 }

/** Looks at picture 1 of two, both of CFG at 5, and the bar says so. */
async function opened(answers: ConstructorParameters<typeof StudioEnd>[0] = {}) {
  const guidanceOf: Record<number, number> = {}
  const queue: QueueEnd = new QueueEnd(() => end)
  const end: StudioEnd = new StudioEnd({
    'models.list': () => [demo, own],
    'gallery.page': () => ({ items: [picture(1), picture(2)], total: 2 }),
    'gallery.detail': ({ id }: { id: number }): PictureDetail => ({
      ...picture(id),
      ...{ file: '/p.png', tags: [], passes: null, seconds: null },
      settings: { ...record, method: 'cfg', guidance: guidanceOf[id] ?? 5, seed: id > 2 ? 1 : id },
    }),
    'queue.draft': () => (queue.running === undefined ? draft : null),
    'queue.cancelDraft': () => ({}),
    ...queue.answers,
    ...answers,
  })
  const studio = new Studio(end)
  studio.create.set({ method: 'cfg', guidance: 5 })
  const stage = studio.of(Stage)
  end.connection('open')
  await settled()
  /** Lets the bar go where it stands. */
  const paint = async (guidance: number) => {
    void stage.repaint.paint({ guidance })
    await pause()
  }
  const move = async (guidance: number) => {
    stage.repaint.move({ guidance })
    await pause()
  }
  return { end, studio, stage, queue, repaint: stage.repaint, paint, move, guidanceOf }
}

/** Until all is told, and drafts have found the queue at rest. */
const pause = () => new Promise(resolve => setTimeout(resolve, 60))
const drafted = (end: StudioEnd) => end.inputsOf('queue.draft').map(input => (input as GenerateRequest).guidance)

describe('a wish that is being painted', () => {
  test('is painted again where the bar moved away and came back before its pass ended', async () => {
    const { queue, paint, move } = await opened()
    await paint(8)
    expect(queue.running?.request.guidance).toBe(8)
    await move(9)
    await move(8)
    await paint(8)
    expect(queue.wanted).toEqual([8])
    await queue.passEnds()
    expect([queue.running?.id, queue.wanted]).toEqual([101, [8]])
  })

  test('is painted again where it was cancelled with Escape', async () => {
    const { queue, stage, paint } = await opened()
    await paint(8)
    await stage.cancel()
    await paint(8)
    expect(queue.wanted).toEqual([8])
  })

  test('comes back where the next drag is given up', async () => {
    const { queue, stage, studio, paint, move } = await opened()
    await move(8)
    await paint(8)
    await move(9)
    expect(queue.wanted).toEqual([])
    await stage.cancel()
    await settled()
    expect([queue.wanted, studio.create.values.guidance]).toEqual([[8], 8])
    expect(stage.shown?.src).toBe('data:draft')
  })

  test('does not come back where its picture was there before it could be cancelled', async () => {
    const { queue, stage, paint, move, guidanceOf } = await opened()
    await paint(8)
    await move(9)
    guidanceOf[3] = 8
    await queue.done(3)
    await stage.cancel()
    await pause()
    expect(queue.wanted).toEqual([])
    expect(stage.shown?.src).toBe('/pictures/3')
  })

  test('stays where the bar was touched and moved nowhere else', async () => {
    const { end, queue, repaint, paint, move } = await opened()
    await paint(8)
    await move(8)
    repaint.drop()
    repaint.drop()
    await pause()
    expect([queue.wanted, end.inputsOf('queue.cancel')]).toEqual([[8], []])
  })
})

describe('wishes in quick succession', () => {
  test('leave the last alone, also where the queue answers late', async () => {
    const { queue, repaint, stage, guidanceOf } = await opened()
    const held = queue.hold()
    for (const guidance of [6, 7, 8]) void repaint.paint({ guidance })
    await held.answer()
    await pause()
    expect(queue.wanted).toEqual([8])
    await queue.passEnds()
    guidanceOf[3] = 8
    await queue.done(3)
    expect([queue.running, stage.chosen?.id]).toEqual([undefined, 3])
  })

  test('leave the last alone where answers come out of order', async () => {
    const { queue, repaint } = await opened()
    const first = queue.hold()
    void repaint.paint({ guidance: 6 })
    const second = queue.hold()
    void repaint.paint({ guidance: 8 })
    await second.answer()
    await first.answer()
    await pause()
    expect(queue.wanted).toEqual([8])
  })

  test('that are the same are one', async () => {
    const { end, repaint } = await opened()
    for (const guidance of [8, 8]) void repaint.paint({ guidance })
    await pause()
    expect(end.inputsOf('queue.enqueue')).toHaveLength(1)
  })

  test('are cancelled where the bar moves on before the queue has answered', async () => {
    const { queue, repaint, move } = await opened()
    const held = queue.hold()
    void repaint.paint({ guidance: 6 })
    await move(8)
    await held.answer()
    await pause()
    expect(queue.wanted).toEqual([])
  })
})

describe('a wish for another picture', () => {
  test('is not taken for one that waits, and leaves that alone', async () => {
    const { end, queue, stage, paint } = await opened()
    queue.paused = true
    await paint(8)
    await stage.choose(picture(2))
    await paint(8)
    await paint(9)
    const asked = end.inputsOf('queue.enqueue').map(input => input as GenerateRequest)
    expect(asked.map(({ seed, guidance }) => [seed, guidance])).toEqual([
      [1, 8],
      [2, 8],
      [2, 9],
    ])
    expect(queue.wanted).toEqual([8, 9])
    expect(end.inputsOf('queue.cancel')).toEqual([{ id: 101 }])
  })

  test('that is looked at while it is painted is one for that picture', async () => {
    const { end, queue, stage, paint } = await opened()
    await paint(8)
    await stage.choose(picture(2))
    stage.following = true
    await paint(9)
    expect(end.inputsOf('queue.enqueue')).toHaveLength(2)
    expect(end.inputsOf('queue.enqueue')[1]).toMatchObject({ seed: 1, guidance: 9 })
    expect(queue.running?.request.seed).toBe(1)
  })

  test('is none where the picture began with another: it would come out unrelated', async () => {
    const begun = { ...record, method: 'cfg', guidance: 5, strength: 0.5 }
    const { end, studio, move, paint } = await opened({
      'gallery.detail': ({ id }: { id: number }) => ({
        ...picture(id),
        ...{ file: '/p.png', tags: [], passes: null, seconds: null, settings: begun },
      }),
    })
    await move(8)
    await paint(9)
    expect([end.inputsOf('queue.enqueue'), drafted(end), studio.create.values.guidance]).toEqual([[], [], 9])
  })
})

describe('a draft', () => {
  const waiting = async () => {
    const all = await opened()
    await all.move(8)
    await all.paint(8)
    expect(all.stage.shown?.src).toBe('data:draft')
    return all
  }

  test('goes with its job when that is cancelled elsewhere', async () => {
    const { studio, stage, queue } = await waiting()
    await studio.queue.cancel(100)
    await settled()
    expect(stage.shown?.src).toBe('data:draft')
    await queue.passEnds()
    await settled()
    expect(stage.shown?.src).toBe('/pictures/1')
    expect(stage.run).toMatchObject({ request: { guidance: 5 } })
  })

  test('goes with its job when that fails, or is refused', async () => {
    const { stage, queue } = await waiting()
    await queue.fails()
    await settled()
    expect(stage.shown?.src).toBe('/pictures/1')
    const refused = await opened({ 'queue.enqueue': () => Promise.reject(new Error('no')) })
    await refused.move(8)
    await refused.paint(8)
    expect(refused.stage.shown?.src).toBe('/pictures/1')
  })

  test('goes with its job when that went while the studio could not be reached', async () => {
    const { stage, queue, end } = await waiting()
    const silent = vi.spyOn(queue, 'tell').mockImplementation(() => {})
    await stage.repaint.paint()
    end.connection('lost')
    queue.answers['queue.cancel']({ id: 100 })
    await queue.passEnds()
    silent.mockRestore()
    end.connection('open')
    await settled()
    expect(stage.shown?.src).toBe('/pictures/1')
  })

  test('stays until its picture is there', async () => {
    const { stage, queue } = await waiting()
    await queue.done(3)
    expect(stage.shown?.src).toBe('/pictures/3')
  })

  test('that fails is said once, and not tried again until something else is looked at', async () => {
    const { end, stage, move } = await opened({ 'queue.draft': () => Promise.reject(new Error('no')) })
    for (const guidance of [6, 7, 8]) stage.repaint.move({ guidance })
    for (const guidance of [9, 10]) await move(guidance)
    expect([drafted(end), told.error.mock.calls.length]).toEqual([[6], 1])
    await stage.choose(picture(2))
    await move(11)
    expect([drafted(end), told.error.mock.calls.length]).toEqual([[6, 11], 2])
  })
})
