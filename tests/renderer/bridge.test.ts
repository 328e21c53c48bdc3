import { expect, test } from 'vitest'
import type { Bridge } from '../../preload/contract/bridge.ts'
import type { BackMessage, CallMessage } from '../../preload/contract/wire.ts'
import { BridgeTransport } from '../../renderer/api/bridge.ts'
import { ApiError } from '../../renderer/api/errors.ts'

function open(answer: (message: CallMessage) => unknown) {
  let tell: (message: BackMessage) => void = () => {}
  const bridge: Bridge = {
    // A message is copied on its way, and what cannot be is an error.
    call: async message => answer(structuredClone(message)) as BackMessage,
    onEvent: listener => {
      tell = listener
    },
    pathOf: () => '',
    dragOut: () => {},
  }
  return { transport: new BridgeTransport(bridge), tell: (message: BackMessage) => tell(message) }
}

test('calls over the bridge come back with their result, also those made of the window’s state', async () => {
  const { transport } = open(({ id, method, input }) => ({ id, result: [method, input] }))
  const state = new Proxy({ steps: 8, seed: undefined }, {})
  expect(await transport.call('system.keep', { value: state })).toEqual(['system.keep', { value: { steps: 8 } }])
})

test('a refusal is an ApiError with its hint', async () => {
  const { transport } = open(({ id }) => ({ id, error: { message: 'There is no such picture.', hint: 'Look again.' } }))
  const refused = transport.call('gallery.detail', { id: 1 })
  await expect(refused).rejects.toThrow(ApiError)
  await expect(refused).rejects.toMatchObject({ message: 'There is no such picture.', hint: 'Look again.' })
})

test('events are told by name, and the connection is always there', () => {
  const { transport, tell } = open(() => undefined)
  const heard: unknown[] = []
  transport.onEvent((name, payload) => heard.push([name, payload]))
  transport.onConnection(state => heard.push(state))
  tell({ event: 'queue.changed', payload: 1 })
  expect(heard).toEqual(['open', ['queue.changed', 1]])
})
