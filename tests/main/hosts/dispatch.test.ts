import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Events } from '../../../main/events.ts'
import { dispatcher } from '../../../main/hosts/dispatch.ts'
import { UserError } from '../../../models/errors.ts'
import { contract } from '../../../preload/contract/index.ts'
import { type BackMessage, backMessage } from '../../../preload/contract/wire.ts'
import { logTo, services } from './studio.ts'

function open() {
  const log: string[] = []
  const events = new Events()
  const kept = new Map<string, unknown>()
  const given = services({
    system: {
      recall: async ({ key }) => kept.get(key),
      async keep({ key, value }) {
        kept.set(key, value)
        return {}
      },
    },
    gallery: {
      // A fault of the service: a title where a number belongs.
      page: () => Promise.resolve({ items: [], total: 'many' as never }),
      detail: ({ id }) => Promise.reject(new UserError(`There is no picture ${id}.`, 'Look again.')),
    },
  })
  return { ...dispatcher(given, events, logTo(log)), events, log }
}

describe('calls', () => {
  it('go to the method and come back with what it returned', async () => {
    const { answer } = open()
    expect(await answer({ id: 1, method: 'system.keep', input: { key: 'k', value: [1] } })).toEqual({
      id: 1,
      result: {},
    })
    expect(await answer({ id: 2, method: 'system.recall', input: { key: 'k' } })).toEqual({ id: 2, result: [1] })
  })

  it('say null for what is not there, since JSON drops undefined', async () => {
    const back = await open().answer({ id: 3, method: 'system.recall', input: { key: 'none' } })
    expect(JSON.parse(JSON.stringify(back))).toEqual({ id: 3, result: null })
  })

  it('carry the sentence and hint of what a person can mend', async () => {
    const { answer, log } = open()
    const error = { message: 'There is no picture 5.', hint: 'Look again.' }
    expect(await answer({ id: 4, method: 'gallery.detail', input: { id: 5 } })).toEqual({ id: 4, error })
    expect(log).toEqual([])
  })

  it('say what is wrong with their input and do not reach the service', async () => {
    const back = await open().answer({ id: 5, method: 'queue.enqueue', input: { prompt: 'x', steps: 0 } })
    expect(back).toEqual({ id: 5, error: { message: 'steps: must be a whole number from 1 to 1000.', hint: '' } })
    const many = { ids: Array(100_000).fill('x'), starred: true }
    const long = await open().answer({ id: 6, method: 'gallery.star', input: many })
    expect(JSON.stringify(long).length).toBeLessThan(500)
  })

  it('log a fault and tell nothing of it', async () => {
    const { answer, log } = open()
    const back = await answer({ id: 6, method: 'models.list', input: {} })
    expect(back).toEqual({ id: 6, error: { message: 'The studio could not do this.', hint: expect.any(String) } })
    expect(JSON.stringify(back)).not.toContain('secret')
    expect(log.join()).toContain('secret of list')
  })

  it('turn a result that is none of the contract into an error', async () => {
    const { answer, log } = open()
    expect(await answer({ id: 7, method: 'gallery.page', input: {} })).toMatchObject({ id: 7, error: {} })
    expect(log.join()).toContain('gallery.page returned what is none of the contract')
  })

  it.each(['gallery.nothing', 'gallery', '', 'constructor.name', 'gallery.constructor', '__proto__.toString'])(
    'know no method %j',
    async method => {
      const { answer, log } = open()
      const back = await answer({ id: 8, method, input: {} })
      if (method === 'gallery.page.x.y') return
      expect(back).toMatchObject({ id: 8, error: { message: 'The studio has no such function.' } })
      expect(log).toEqual([])
    },
  )

  it('never crash: whatever comes in, one answer of the protocol comes out', async () => {
    const { answer } = open()
    const names = Object.entries(contract).flatMap(([name, { methods }]) =>
      Object.keys(methods).map(m => `${name}.${m}`),
    )
    const call = fc.record({
      id: fc.oneof(fc.integer(), fc.anything()),
      method: fc.oneof(fc.constantFrom(...names), fc.string(), fc.anything()),
      input: fc.oneof(fc.object(), fc.anything()),
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof(call, fc.anything()), async message => {
        const back = await answer(message)
        expect(backMessage.safeParse(back).success).toBe(true)
        const { id } = (typeof message === 'object' && message !== null ? message : {}) as { id?: unknown }
        if (Number.isSafeInteger(id)) expect('id' in back && back.id === id).toBe(true)
      }),
      { numRuns: 1000 },
    )
  })
})

describe('events', () => {
  const notice = { level: 'info', message: 'm', hint: 'h' } as const

  it('are handed on until nobody listens', () => {
    const { events, listen } = open()
    const heard: BackMessage[] = []
    const stop = listen(message => heard.push(message))
    events.emit('system.notice', notice)
    stop()
    events.emit('system.notice', notice)
    expect(heard).toEqual([{ event: 'system.notice', payload: notice }])
  })

  it('are logged and kept back where they are none of the contract', () => {
    const { events, listen, log } = open()
    const heard: BackMessage[] = []
    listen(message => heard.push(message))
    events.emit('system.notice', { ...notice, level: 'shout' as 'info' })
    expect(heard).toEqual([])
    expect(log.join()).toContain('none of the contract')
  })
})
