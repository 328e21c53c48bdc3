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
  'channel' | 'allowDowngrade' | 'allowPrerelease' | 'autoDownload' | 'autoInstallOnAppQuit' | 'logger'
> & {
  checkForUpdates(): Promise<{
    readonly downloadPromise?: Promise<unknown> | null
    readonly cancellationToken?: { cancel(): void }
  } | null>
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

  /** Ends the download that is under way. */
  let cancel: (() => void) | undefined
  const failed = (err: unknown) => log.warn({ err }, 'Looking for an update failed')

  const look = async () => {
    if (updater === undefined) return
    const on = channel !== 'off'
    // Also what is under way, and what has been fetched before.
    updater.autoDownload = on
    updater.autoInstallOnAppQuit = on
    if (!on) return cancel?.()
    updater.channel = channel
    updater.allowPrerelease = channel === 'beta'
    // Setting the channel allows it.
    updater.allowDowngrade = false
    try {
      const found = await updater.checkForUpdates()
      cancel = () => found?.cancellationToken?.cancel()
      // What was cancelled fails as well.
      found?.downloadPromise?.catch(err => updater.autoDownload && failed(err))
      // It may have been switched off in the meantime.
      if (!updater.autoDownload) cancel()
    } catch (err) {
      failed(err)
    }
  }
  if (updater) {
    updater.logger = null
    updater.on('update-downloaded', ({ version }) => {
      if (!updater.autoInstallOnAppQuit) return
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
      const looked = look()
      await system.keep({ key, value: chosen })
      await looked
    },
    close: () => clearInterval(timer),
  }
}
