import type { z } from 'zod'

/** One call: what goes in and what comes back. Both ends check both. */
export interface Method {
  readonly input: z.ZodType
  readonly output: z.ZodType
}

/** One service: its methods, and the events that it tells everyone who listens. */
export interface ServiceShape {
  readonly methods: Readonly<Record<string, Method>>
  readonly events: Readonly<Record<string, z.ZodType>>
}

/** What a service implements: every method from checked input to output. */
export type Implementation<S extends ServiceShape> = {
  readonly [M in keyof S['methods']]: (
    input: z.output<S['methods'][M]['input']>,
  ) => Promise<z.input<S['methods'][M]['output']>>
}

/** What a window calls: the same methods from the other side. */
export type Client<S extends ServiceShape> = {
  readonly [M in keyof S['methods']]: (
    input: z.input<S['methods'][M]['input']>,
  ) => Promise<z.output<S['methods'][M]['output']>>
}
