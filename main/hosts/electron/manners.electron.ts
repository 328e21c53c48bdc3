import type * as Electron from 'electron'
import { type JobProgress, jobProgress, type QueueState, queueState } from '../../../preload/contract/queue.ts'

/** Milliseconds of painting from which on the person is told that it has ended. */
const long = 20_000

/** What was painted since the queue last stood still. */
interface Stretch {
  readonly since: number
  /** Pictures that each job had when it was first seen, and has now. */
  readonly jobs: Map<number, { from: number; done: number }>
}

/** What a desktop program does while it works: progress on the taskbar or dock, no sleep, a word at the end. */
export class Manners {
  readonly #electron: Pick<typeof Electron, 'Notification' | 'powerSaveBlocker'>
  readonly #window: Electron.BrowserWindow
  #stretch: Stretch | undefined
  #blocker: number | undefined
  /** Pictures that the running job asks for. */
  #count = 1

  constructor(electron: Pick<typeof Electron, 'Notification' | 'powerSaveBlocker'>, window: Electron.BrowserWindow) {
    this.#electron = electron
    this.#window = window
  }

  /** For every event of the studio. */
  readonly hear = (name: string, payload: unknown): void => {
    if (this.#window.isDestroyed()) return
    if (name === 'queue.changed') this.#changed(queueState.parse(payload))
    else if (name === 'queue.progress') this.#progress(jobProgress.parse(payload))
  }

  #changed(state: QueueState): void {
    const running = state.jobs.find(job => job.state === 'running')
    if (running) {
      this.#stretch ??= { since: Date.now(), jobs: new Map() }
      const done = running.kind === 'paint' ? running.done : 0
      const { from = done } = this.#stretch.jobs.get(running.id) ?? {}
      this.#stretch.jobs.set(running.id, { from, done })
      this.#count = running.kind === 'paint' ? (running.request.count ?? 1) : 1
      this.#blocker ??= this.#electron.powerSaveBlocker.start('prevent-app-suspension')
      return
    }
    const goesOn = !state.paused && state.waiting === null && state.jobs.some(job => job.state === 'queued')
    if (!goesOn) this.#ended(state)
  }

  #progress({ picture, step, steps }: JobProgress): void {
    if (this.#stretch) this.#window.setProgressBar(Math.min(1, (picture + step / steps) / this.#count))
  }

  #ended({ jobs }: QueueState): void {
    const stretch = this.#stretch
    this.#stretch = undefined
    if (this.#blocker !== undefined) this.#electron.powerSaveBlocker.stop(this.#blocker)
    this.#blocker = undefined
    if (stretch === undefined) return
    this.#window.setProgressBar(-1)
    if (Date.now() - stretch.since < long || this.#window.isFocused()) return
    const pictures = stretch.jobs.values().reduce((sum, { from, done }) => sum + done - from, 0)
    const failed = jobs.find(({ id, state }) => state === 'failed' && stretch.jobs.has(id))
    if (failed) this.#tell('Not everything could be painted', failed.error?.message ?? '')
    else if (pictures > 0) this.#tell(pictures === 1 ? 'The picture is done' : `${pictures} pictures are done`, '')
  }

  #tell(title: string, body: string): void {
    const { Notification } = this.#electron
    if (!Notification.isSupported()) return
    const notification = new Notification({ title, body })
    notification.on('click', () => show(this.#window))
    notification.show()
  }
}

/** Brings the window to the front, where it has not been closed for good. */
export function show(window: Electron.BrowserWindow): void {
  if (window.isDestroyed()) return
  if (window.isMinimized()) window.restore()
  window.show()
  window.focus()
}
