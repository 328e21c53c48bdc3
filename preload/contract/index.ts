import { gallery } from './gallery.ts'
import { models } from './models.ts'
import { queue } from './queue.ts'
import type { Client, Implementation } from './service.ts'
import { system } from './system.ts'
import { training } from './training.ts'

/** The one table that both ends are derived from: adding a method is one edit in its service's file. */
export const contract = { gallery, models, queue, system, training } as const

export type Contract = typeof contract
export type ServiceName = keyof Contract

/** What main implements. */
export type Services = { readonly [S in ServiceName]: Implementation<Contract[S]> }

/** What the window calls. */
export type Api = { readonly [S in ServiceName]: Client<Contract[S]> }

/** `queue.changed` and its like, and what each carries. */
export type EventName = { [S in ServiceName]: `${S}.${Extract<keyof Contract[S]['events'], string>}` }[ServiceName]
