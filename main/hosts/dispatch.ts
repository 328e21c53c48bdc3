import type { Logger } from 'pino'
import type { ZodError } from 'zod'
import { UserError } from '../../models/errors.ts'
import type { Services } from '../../preload/contract/index.ts'
import { type BackMessage, callMessage, eventNamed, methodNamed } from '../../preload/contract/wire.ts'
import type { Events } from '../events.ts'

/** Stands in an answer where the call's own number could not be read. */
const nobody = -1

export interface Dispatcher {
  /** Answers a call. Whatever comes in, an answer comes out; it never rejects. */
  answer(message: unknown): Promise<BackMessage>
  /** Hands on every event, checked, until the returned function is called. */
  listen(send: (message: BackMessage) => void): () => void
}

/** Between a host's messages and the services: the same for a WebSocket and for IPC. */
export function dispatcher(services: Services, events: Events, log: Logger): Dispatcher {
  const table: Readonly<Record<string, Readonly<Record<string, unknown>>>> = services

  async function call(name: string, input: unknown): Promise<unknown> {
    const method = methodNamed(name)
    const [service = '', member = ''] = name.split('.')
    // Only a name of the contract comes this far: nothing of an object's prototype can be reached.
    if (!method) throw new UserError('The studio has no such function.', 'Reload the window.')
    const asked = method.input.safeParse(input)
    if (!asked.success) throw new UserError(inWords(asked.error))
    // What it takes is what its own schema gives.
    const implementation = table[service]?.[member] as (input: unknown) => Promise<unknown>
    const output = method.output.safeParse(await implementation.call(table[service], asked.data))
    if (!output.success) throw new Error(`${name} returned what is none of the contract`, { cause: output.error })
    return output.data
  }

  return {
    async answer(message) {
      const parsed = callMessage.safeParse(message)
      if (!parsed.success) {
        return { id: idOf(message), error: { message: 'This is no call of the studio.', hint: 'Reload the window.' } }
      }
      const { id, method, input } = parsed.data
      try {
        // JSON knows no undefined, and a result has to be there.
        return { id, result: (await call(method, input)) ?? null }
      } catch (error) {
        return { id, error: understood(error, fault => log.error({ err: fault, method }, 'A call failed')) }
      }
    },

    listen: send =>
      events.listen((event, payload) => {
        const parsed = eventNamed(event)?.safeParse(payload)
        if (parsed?.success) send({ event, payload: parsed.data ?? null })
        else log.error({ err: parsed?.error, event }, 'An event is none of the contract')
      }),
  }
}

/** What a person may read of an error: what they can mend is said, anything else goes to `log` and is only admitted. */
export function understood(error: unknown, log: (fault: unknown) => void): { message: string; hint: string } {
  if (error instanceof UserError) return { message: error.message, hint: error.hint }
  log(error)
  return { message: 'The studio could not do this.', hint: 'Its log says why; please report it.' }
}

/** `steps: must be a whole number from 1 to 1000.` The first few are enough. */
const inWords = ({ issues }: ZodError): string =>
  issues
    .slice(0, 3)
    .map(({ path, message }) => `${path.length > 0 ? `${path.join('.')}: ` : ''}${message}.`)
    .join(' ')

function idOf(message: unknown): number {
  const parsed = callMessage.pick({ id: true }).safeParse(message)
  return parsed.success ? parsed.data.id : nobody
}
