import { randomUUID } from 'node:crypto'
import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Database } from '../database/database.ts'
import type { Events } from '../events.ts'
import type { Thumbnails } from './thumbnails.ts'
import { toTrash } from './trash.ts'

/** Much longer than the window offers it: its toast begins later, and stays while the pointer is over it. */
const usualUndoTime = 60_000

interface RemovalOptions {
  readonly data: string
  readonly database: Database
  readonly events: Events
  readonly thumbnails: Thumbnails
  /** Milliseconds in which a removal can be taken back. */
  readonly undoTime?: number
}

/**
 * Removing with undo. Rows go into the database's journal at once, files stay where they are until the time for undo has
 * passed, then they go to the trash and out of the journal. What a crash has cut short is ended at the next start.
 */
export class Removals {
  readonly #data: string
  readonly #database: Database
  readonly #events: Events
  readonly #thumbnails: Thumbnails
  readonly #undoTime: number
  readonly #timers = new Map<string, NodeJS.Timeout>()
  /** The removals that are being ended, one after another. */
  #ending: Promise<void> = Promise.resolve()

  constructor({ data, database, events, thumbnails, undoTime = usualUndoTime }: RemovalOptions) {
    this.#data = data
    this.#database = database
    this.#events = events
    this.#thumbnails = thumbnails
    this.#undoTime = undoTime
  }

  /** Takes pictures out of the gallery; the ids of those that were there. */
  async begin(ids: readonly number[]): Promise<{ undo: string; removed: number[] }> {
    const undo = randomUUID()
    // Before it is in the journal: what is there without a timer is the last run's
    this.#timers.set(
      undo,
      setTimeout(() => this.#end(undo), this.#undoTime),
    )
    try {
      return { undo, removed: await this.#database.removals.begin(undo, [...new Set(ids)]) }
    } catch (error) {
      this.#stop(undo)
      throw error
    }
  }

  /** Puts them back; nothing where it is too late. */
  async restore(undo: string): Promise<PictureItem[] | undefined> {
    if (!this.#stop(undo)) return undefined
    try {
      return await this.#database.removals.restore(undo)
    } catch (error) {
      // It is still in the journal, and can still be taken back
      this.#timers.set(
        undo,
        setTimeout(() => this.#end(undo), this.#undoTime),
      )
      throw error
    }
  }

  /** Ends the removals that the last run left. */
  async endLeft(): Promise<void> {
    for (const undo of await this.#database.removals.pending()) if (!this.#timers.has(undo)) this.#end(undo)
    await this.#ending
  }

  /** Ends all that wait, without waiting for the time to pass. */
  async close(): Promise<void> {
    for (const undo of [...this.#timers.keys()]) this.#end(undo)
    await this.#ending
  }

  /** Whether it was still waiting. */
  #stop(undo: string): boolean {
    clearTimeout(this.#timers.get(undo))
    return this.#timers.delete(undo)
  }

  #end(undo: string): void {
    this.#stop(undo)
    this.#ending = this.#ending
      .then(() => this.#empty(undo))
      .catch(error =>
        this.#tell(
          'error',
          `Removed pictures have not left the disk: ${sentence(error)}`,
          'They go when the studio is next started.',
        ),
      )
  }

  async #empty(undo: string): Promise<void> {
    const pictures = await this.#database.removals.finalize(undo)
    const { kept, stuck } = await toTrash(
      this.#data,
      pictures.map(({ file }) => file),
    )
    const held = new Set(stuck)
    const gone = pictures.filter(({ file }) => !held.has(file))
    await this.#database.removals.gone(gone.map(({ file }) => file))
    await this.#thumbnails.forget(gone)
    if (kept.length > 0)
      this.#tell(
        'info',
        `The system's trash did not take ${counted(kept.length)}.`,
        'They are in the folder trash in your data folder.',
      )
    if (stuck.length > 0)
      this.#tell(
        'error',
        `${counted(stuck.length)} could not be moved to the trash.`,
        'Whoever may write to the data folder can delete them by hand.',
      )
  }

  #tell(level: 'info' | 'error', message: string, hint: string): void {
    this.#events.emit('system.notice', { level, message, hint })
  }
}

const counted = (count: number): string => (count === 1 ? '1 picture' : `${count} pictures`)
const sentence = (error: unknown): string => (error instanceof Error ? error.message : String(error))
