import type { Api } from '../../preload/contract/index.ts'
import type { SystemInfo } from '../../preload/contract/system.ts'
import { ApiError } from '../api/errors.ts'
import type { Events } from '../api/events.ts'
import type { Connection } from './connection.svelte.ts'
import type { Toasts } from './toasts.ts'

/** What the studio runs on, and its notices. */
export class System {
  info = $state.raw<SystemInfo | null>(null)

  constructor(api: Api, events: Events, connection: Connection, toasts: Toasts) {
    events.on('system.info', info => {
      this.info = info
    })
    events.on('system.notice', ({ level, message, hint }) => {
      if (level === 'info') toasts.info(message, hint)
      else toasts.error(new ApiError(message, hint))
    })
    connection.onOpen(async () => {
      this.info = (await toasts.attempt(api.system.info({}))) ?? this.info
    })
  }
}
