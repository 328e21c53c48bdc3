import { watch as watchOne } from 'node:fs'
import { stat } from 'node:fs/promises'
import { type FSWatcher, watch } from 'chokidar'
import { deepest, isOfNoInterest } from './walk.ts'

/** How many folders behind links are watched for one models folder. */
const mostLinked = 2000

interface WatchingEvents {
  /** Something happened in a folder, or may have before it was watched. */
  readonly onChange: () => void
  /** Not everything can be watched: the system has no room for so many folders, most of all. */
  readonly onBlind: () => void
}

interface Linked {
  /** Device and inode: a folder that came back, or a drive that was put over it, is another one. */
  readonly mark: string
  readonly close: () => void
}

/**
 * Watches a models folder with all that is in it, and each of the folders elsewhere that links in it lead to. Whoever
 * looks through it says which those are: circles end there.
 */
export class Watching {
  readonly #events: WatchingEvents
  readonly #root: FSWatcher
  readonly #linked = new Map<string, Linked>()
  #closed = false

  constructor(root: string, events: WatchingEvents) {
    this.#events = events
    this.#root = watch(root, {
      ignoreInitial: true,
      followSymlinks: false,
      ignorePermissionErrors: true,
      depth: deepest,
      ignored: (inner: string) => inner !== root && isOfNoInterest(inner.split(/[/\\]/).at(-1) ?? ''),
    })
      .on('all', events.onChange)
      .on('error', events.onBlind)
  }

  /** From now on watches these folders behind links, real paths, and no others; what is in their folders is not meant. */
  async follow(folders: readonly string[]): Promise<void> {
    if (folders.length > mostLinked) this.#events.onBlind()
    const wanted = new Set(folders.slice(0, mostLinked))
    for (const folder of this.#linked.keys()) if (!wanted.has(folder)) this.#forget(folder)
    let isNew = false
    for (const folder of wanted) {
      const mark = await markOf(folder)
      if (this.#closed) return
      if (mark === undefined || mark === this.#linked.get(folder)?.mark) continue
      this.#forget(folder)
      isNew = this.#begin(folder, mark) || isNew
    }
    // What came between the look that found the folder and now
    if (isNew) this.#events.onChange()
  }

  async close(): Promise<void> {
    this.#closed = true
    for (const folder of this.#linked.keys()) this.#forget(folder)
    await this.#root.close()
  }

  #begin(folder: string, mark: string): boolean {
    try {
      const watcher = watchOne(folder, { persistent: false }, this.#events.onChange)
      watcher.on('error', this.#events.onBlind)
      this.#linked.set(folder, { mark, close: () => watcher.close() })
      return true
    } catch {
      this.#events.onBlind()
      return false
    }
  }

  #forget(folder: string): void {
    this.#linked.get(folder)?.close()
    this.#linked.delete(folder)
  }
}

const markOf = (folder: string): Promise<string | undefined> =>
  stat(folder, { bigint: true }).then(
    ({ dev, ino }) => `${dev} ${ino}`,
    () => undefined,
  )
