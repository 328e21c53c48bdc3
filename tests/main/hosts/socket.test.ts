import fc from 'fast-check'
import { expect, it } from 'vitest'
import { connect, type Host, logIn, openHost } from './studio.ts'

const given = {
  system: { recall: async ({ key }: { key: string }) => key, keep: async () => ({}) },
}
const open = async (): Promise<[Host, string]> => {
  const host = await openHost(given)
  return [host, await logIn(host)]
}
const notice = { level: 'info', message: 'm', hint: '' } as const

it('takes calls and answers each, also many at once', async () => {
  const [host, cookie] = await open()
  const { ask } = await connect(host, cookie)
  const ids = Array.from({ length: 200 }, (_, id) => id)
  const answers = await Promise.all(ids.map(id => ask({ id, method: 'system.recall', input: { key: `k${id}` } })))
  expect(answers.map(answer => 'result' in answer && answer.result).sort()).toEqual(ids.map(id => `k${id}`).sort())
})

it('is refused without a session, from another origin and under another name', async () => {
  const [host, cookie] = await open()
  await expect(connect(host, '')).rejects.toThrow('refused with 401')
  await expect(connect(host, cookie, { origin: 'http://evil.example' })).rejects.toThrow('refused with 403')
  await expect(connect(host, cookie, { host: 'evil.example' })).rejects.toThrow('refused with 403')
})

it('hears the notices that were told while no window was there, and only the first window does', async () => {
  const [host, cookie] = await open()
  host.events.emit('system.notice', notice)
  const one = await connect(host, cookie)
  await expect.poll(() => one.events).toEqual([{ event: 'system.notice', payload: notice }])
  const two = await connect(host, cookie)
  await two.ask({ id: 1, method: 'system.recall', input: { key: 'k' } })
  expect(two.events).toEqual([])
  for (const { socket, closed } of [one, two]) {
    socket.close()
    await closed
  }
  // The studio hears of it a moment after the window
  await new Promise(resolve => setTimeout(resolve, 100))
  host.events.emit('system.notice', { ...notice, message: 'late' })
  const three = await connect(host, cookie)
  await expect.poll(() => three.events).toEqual([{ event: 'system.notice', payload: { ...notice, message: 'late' } }])
})

it('answers what is no JSON, no call or no text, and goes on', async () => {
  const [host, cookie] = await open()
  const { ask } = await connect(host, cookie)
  for (const bad of ['', '{', 'null', '[]', '"x"', '{"id":"1"}', '\u0000', Buffer.from([0xff, 0xfe])]) {
    expect(await ask(bad)).toEqual({
      id: -1,
      error: { message: 'This is no call of the studio.', hint: expect.any(String) },
    })
  }
  expect(await ask('{"id":5,"method":"no.such","input":{}}')).toMatchObject({ id: 5, error: {} })
  expect(await ask({ id: 1, method: 'system.recall', input: { key: 'k' } })).toEqual({ id: 1, result: 'k' })
})

it('answers any text at all', async () => {
  const [host, cookie] = await open()
  const { ask } = await connect(host, cookie)
  await fc.assert(
    fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async text => {
      expect(await ask(text)).toHaveProperty('error')
    }),
    { numRuns: 300 },
  )
})

it('ends the connection that sends too much, and only that one', async () => {
  const [host, cookie] = await open()
  const [big, other] = await Promise.all([connect(host, cookie), connect(host, cookie)])
  void big.ask({ id: 1, method: 'system.recall', input: { key: 'x'.repeat(5 * 2 ** 20) } })
  expect(await big.closed).toBe(1009)
  expect(await other.ask({ id: 2, method: 'system.recall', input: { key: 'k' } })).toEqual({ id: 2, result: 'k' })
})

it('tells every window of every event', async () => {
  const [host, cookie] = await open()
  const windows = await Promise.all([connect(host, cookie), connect(host, cookie)])
  host.events.emit('system.notice', notice)
  // An answer after the event: it has been delivered then.
  await Promise.all(windows.map(({ ask }) => ask({ id: 1, method: 'system.recall', input: { key: 'k' } })))
  for (const { events } of windows) expect(events).toEqual([{ event: 'system.notice', payload: notice }])
})

it('goes on by its cookie after a reload', async () => {
  const [host, cookie] = await open()
  const first = await connect(host, cookie)
  first.socket.close()
  await first.closed
  const { ask } = await connect(host, cookie)
  expect(await ask({ id: 1, method: 'system.recall', input: { key: 'k' } })).toMatchObject({ result: 'k' })
})

it('is told when the studio ends, which waits for nobody', async () => {
  const [host, cookie] = await open()
  const { closed } = await connect(host, cookie)
  const start = performance.now()
  await host.http.close()
  expect(await closed).toBe(1001)
  expect(performance.now() - start).toBeLessThan(2000)
})
