import type { AppUpdater } from 'electron-updater'
import type { Logger } from 'pino'
import type { Services } from '../../../preload/contract/index.ts'
import type { Events } from '../../events.ts'

/** Where updates come from: nowhere, finished versions, or also those that are tried out. */
export const channels = ['off', 'latest', 'beta'] as const
export type Channel = (typeof channels)[number]

/** What is used of electron-updater. */
export type Updater = Pick<
  AppUpdater,
  'channel' | 'allowDowngrade' | 'allowPrerelease' | 'logger' | 'checkForUpdates'
> & {
  on(event: 'update-downloaded', listener: (info: { readonly version: string }) => void): unknown
}

const key = 'desktop.updates'
/** Milliseconds from one look to the next. */
const every = 6 * 60 * 60 * 1000

export interface UpdateOptions {
  /** Undefined where the studio was not installed: nothing is looked for. */
  readonly updater: Updater | undefined
  readonly system: Services['system']
  readonly events: Events
  readonly log: Logger
}

export interface Updates {
  readonly channel: Channel
  /** Keeps the channel for good, and looks at once. */
  choose(channel: Channel): Promise<void>
  close(): void
}

/** Looks for a new version, fetches it and installs it when the studio is closed; never where that is switched off. */
export async function openUpdates({ updater, system, events, log }: UpdateOptions): Promise<Updates> {
  const kept = await system.recall({ key })
  let channel: Channel = channels.find(each => each === kept) ?? 'latest'

  const look = async () => {
    if (updater === undefined || channel === 'off') return
    updater.channel = channel
    updater.allowPrerelease = channel === 'beta'
    // Setting the channel allows it.
    updater.allowDowngrade = false
    await updater.checkForUpdates().catch(err => log.warn({ err }, 'Looking for an update failed'))
  }
  if (updater) {
    updater.logger = null
    updater.on('update-downloaded', ({ version }) => {
      const message = `Version ${version} has been fetched.`
      events.emit('system.notice', { level: 'info', message, hint: 'It is installed when the studio is closed.' })
    })
  }
  void look()
  const timer = setInterval(() => void look(), every).unref()

  return {
    get channel() {
      return channel
    },
    async choose(chosen) {
      channel = chosen
      await system.keep({ key, value: chosen })
      await look()
    },
    close: () => clearInterval(timer),
  }
}
