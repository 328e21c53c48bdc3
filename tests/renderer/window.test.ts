import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { type WebSocket, WebSocketServer } from 'ws'
import { ApiError, explain } from '../../renderer/api/errors.ts'
import { SocketTransport } from '../../renderer/api/socket.ts'
import { createApi } from '../../renderer/api.ts'
import { Studio } from '../../renderer/state/studio.svelte.ts'
import { duration, fileSize } from '../../renderer/text.ts'
import { sizePresets } from '../../renderer/views/create/sizes.ts'
import { jobOf, queueOf, StudioEnd } from './studio-end.ts'

const servers = new Set<WebSocketServer>()

async function server(port = 0): Promise<WebSocketServer> {
  const host = new WebSocketServer({ host: '127.0.0.1', port })
  servers.add(host)
  await once(host, 'listening')
  return host
}

const portOf = (host: WebSocketServer) => (host.address() as AddressInfo).port

async function close(host: WebSocketServer): Promise<void> {
  servers.delete(host)
  for (const client of host.clients) client.terminate()
  await new Promise(resolve => host.close(resolve))
}

afterEach(() => Promise.all([...servers].map(close)))

/** Answers every call with what it was asked. */
function echo(socket: WebSocket) {
  socket.on('message', data => {
    const { id, method, input } = JSON.parse(String(data))
    if (method === 'fail') socket.send(JSON.stringify({ id, error: { message: 'It failed.', hint: 'Try again.' } }))
    else if (method !== 'silence') socket.send(JSON.stringify({ id, result: input }))
  })
}

describe('the socket', () => {
  test('answers calls in any order, passes errors and events on', async () => {
    const host = await server()
    host.on('connection', echo)
    const transport = new SocketTransport(`ws://127.0.0.1:${portOf(host)}`)
    const heard: unknown[] = []
    transport.onEvent((name, payload) => heard.push([name, payload]))
    expect(await Promise.all([transport.call('a', 1), transport.call('b', { c: 2 })])).toEqual([1, { c: 2 }])
    await expect(transport.call('fail', {})).rejects.toEqual(new ApiError('It failed.', 'Try again.'))
    for (const client of host.clients) client.send(JSON.stringify({ event: 'system.info', payload: 3 }))
    await vi.waitFor(() => expect(heard).toEqual([['system.info', 3]]))
  })

  test('gives up what is under way when the studio is lost, and comes back to it', async () => {
    const first = await server()
    const port = portOf(first)
    first.on('connection', echo)
    const transport = new SocketTransport(`ws://127.0.0.1:${port}`)
    const states: string[] = []
    transport.onConnection(state => states.push(state))
    await transport.call('a', 1)
    const lost = transport.call('silence', {}).catch(explain)
    await close(first)
    expect(await lost).toMatchObject({ message: 'The studio does not answer.' })
    const second = await server(port)
    second.on('connection', echo)
    await vi.waitFor(() => expect(states).toEqual(['open', 'lost', 'open']), { timeout: 10_000 })
    expect(await transport.call('a', 2)).toBe(2)
  })
})

describe('the api', () => {
  test('sends nothing that the contract forbids, and says what is wrong in a sentence', async () => {
    const end = new StudioEnd()
    await expect(createApi(end).queue.enqueue({ prompt: '', steps: 0 })).rejects.toEqual(
      new ApiError('Steps must be a whole number from 1 to 1000.'),
    )
    expect(end.calls).toEqual([])
  })

  test('takes no answer that the contract does not know', async () => {
    const complained = vi.spyOn(console, 'error').mockReturnValue()
    const api = createApi(new StudioEnd({ 'queue.state': () => ({ jobs: 'many' }) }))
    await expect(api.queue.state({})).rejects.toMatchObject({ hint: 'Reload the window.' })
    expect(complained).toHaveBeenCalledOnce()
    complained.mockRestore()
  })
})

describe('the queue', () => {
  test('keeps the last preview of the same picture, and tells the share of all pictures', () => {
    const end = new StudioEnd()
    const { queue } = new Studio(end)
    end.tell('queue.changed', queueOf(jobOf(1, 'running', { count: 4 }), jobOf(2, 'queued'), jobOf(3, 'failed')))
    const at = (picture: number, step: number, preview: string | null) =>
      end.tell('queue.progress', {
        id: 1,
        phase: 'denoise',
        picture,
        step,
        steps: 20,
        stepsPerSecond: 2,
        secondsLeft: 1,
        preview,
      })
    at(1, 5, 'data:a')
    at(1, 10, null)
    expect([queue.progress?.preview, queue.share]).toEqual(['data:a', 0.375])
    at(2, 0, null)
    expect([queue.progress?.preview, queue.share]).toEqual([null, 0.5])
    expect([queue.running?.id, queue.queued.length, queue.failed.length]).toEqual([1, 1, 1])
    end.tell('queue.changed', queueOf(jobOf(2, 'running')))
    expect([queue.progress, queue.share]).toEqual([null, 0])
  })
})

describe('words and sizes', () => {
  test('presets are the sizes that people know', () => {
    const text = (native: number) => sizePresets(native).map(({ width, height }) => `${width}x${height}`)
    expect(text(1024)).toEqual(['768x1344', '832x1216', '1024x1024', '1216x832', '1344x768'])
    expect(text(512)).toEqual(['384x672', '416x608', '512x512', '608x416', '672x384'])
    for (const native of [64, 128, 512, 640, 768, 1024]) {
      for (const { width, height } of sizePresets(native)) expect([width % 8, height % 8]).toEqual([0, 0])
    }
  })

  test('seconds and bytes', () => {
    expect([0.42, 3.14, 59.6, 60, 185, 7800].map(duration)).toEqual([
      '0.42 s',
      '3.1 s',
      '1 min',
      '1 min',
      '3 min 5 s',
      '2 h 10 min',
    ])
    expect([999, 22_400_000, 1_990_000_000].map(fileSize)).toEqual(['999 bytes', '22.4 MB', '2.0 GB'])
  })
})
