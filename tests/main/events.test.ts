import { expect, it } from 'vitest'
import { Events } from '../../main/events.ts'

const notice = (message: string) => ({ level: 'error', message, hint: '' }) as const

it('keeps notices that nobody hears for the next who listens, once', () => {
  const events = new Events()
  events.emit('system.notice', notice('early'))
  events.emit('gallery.changed', { added: [], updated: [], removed: [1] })
  const [one, two]: [unknown[], unknown[]] = [[], []]
  const stop = events.listen((name, payload) => one.push([name, payload]))
  events.listen((name, payload) => two.push([name, payload]))
  events.emit('system.notice', notice('late'))
  expect(one).toEqual([
    ['system.notice', notice('early')],
    ['system.notice', notice('late')],
  ])
  expect(two).toEqual([['system.notice', notice('late')]])
  stop()
})

it('keeps those that are told after the last listener has gone, the newest twenty', () => {
  const events = new Events()
  events.listen(() => undefined)()
  for (let i = 0; i < 30; i++) events.emit('system.notice', notice(String(i)))
  const heard: unknown[] = []
  events.listen((_, payload) => heard.push(payload))
  expect(heard).toEqual(Array.from({ length: 20 }, (_, i) => notice(String(i + 10))))
})
