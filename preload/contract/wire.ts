import { z } from 'zod'
import { type Contract, contract, type EventName, type ServiceName } from './index.ts'
import type { Method } from './service.ts'

/** A call as it goes over a WebSocket or IPC. */
export const callMessage = z.object({ id: z.int(), method: z.string().max(100), input: z.unknown() })
export type CallMessage = z.infer<typeof callMessage>

/** What comes back: the result or an error of a call, or an event. */
export const backMessage = z.union([
  z.object({ id: z.int(), result: z.unknown() }),
  z.object({ id: z.int(), error: z.object({ message: z.string(), hint: z.string() }) }),
  z.object({ event: z.string(), payload: z.unknown() }),
])
export type BackMessage = z.infer<typeof backMessage>

type EventOf<N extends EventName> = N extends `${infer S extends ServiceName}.${infer E}`
  ? Contract[S]['events'][E & keyof Contract[S]['events']]
  : never

/** What an event carries, by its name. */
export type Payload<N extends EventName> = EventOf<N> extends z.ZodType ? z.output<EventOf<N>> : never

/** The method under `gallery.page`; undefined where there is none. */
export function methodNamed(name: string): Method | undefined {
  const [service = '', method = ''] = name.split('.')
  if (!Object.hasOwn(contract, service)) return undefined
  const methods: Readonly<Record<string, Method>> = contract[service as ServiceName].methods
  return Object.hasOwn(methods, method) ? methods[method] : undefined
}

/** The schema of an event's payload; undefined where there is none. */
export function eventNamed(name: string): z.ZodType | undefined {
  const [service = '', event = ''] = name.split('.')
  if (!Object.hasOwn(contract, service)) return undefined
  const events: Readonly<Record<string, z.ZodType>> = contract[service as ServiceName].events
  return Object.hasOwn(events, event) ? events[event] : undefined
}
