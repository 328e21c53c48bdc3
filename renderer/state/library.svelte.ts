import type {
  ModelCard,
  ModelFolder,
  ModelHashes,
  ModelOverrides,
  ModelReport,
  ModelSheet,
} from '../../preload/contract/models.ts'
import { explain } from '../api/errors.ts'
import { look, upload } from '../api.ts'
import type { Studio } from './studio.svelte.ts'

type Source = { path: string } | { upload: string }
export type Way = ModelSheet['ways'][number]

/** What a person brought: a file of the browser, or a path of the studio's own disk. */
export type Brought = { readonly file: File } | { readonly path: string }

/** Where the thing that is being added stands. */
export type Stage =
  | { readonly name: 'looking' }
  | { readonly name: 'known'; readonly sheet: ModelSheet; readonly thing: Brought }
  | { readonly name: 'sending'; readonly sheet: ModelSheet; readonly done: number; readonly total: number }
  | { readonly name: 'adding'; readonly sheet: ModelSheet }
  | { readonly name: 'refused'; readonly message: string; readonly hint: string }

export interface Adding {
  readonly name: string
  /** Bytes, where it is known before it has been looked at. */
  readonly size: number | null
  readonly stage: Stage
}

/** Adding models, one after another, and the folders that are used in place. */
export class Library {
  folders = $state.raw<readonly ModelFolder[]>([])
  /** What is being added now; null where nothing is. */
  adding = $state.raw<Adding | null>(null)
  /** What waits behind it. */
  waiting = $state.raw<readonly Brought[]>([])
  /** Set where a folder was dropped into a browser, which cannot hand one over. */
  folderDropped = $state<string | null>(null)

  readonly #studio: Studio
  #abort: AbortController | undefined
  #refresh: ReturnType<typeof setTimeout> | undefined

  constructor(studio: Studio) {
    this.#studio = studio
    studio.connection.onOpen(() => void this.#loadFolders())
    studio.events.on('system.opened', ({ paths }) => this.bring(paths.map(path => ({ path }))))
    // A folder that is looked through tells of many changes.
    studio.events.on('models.changed', () => {
      clearTimeout(this.#refresh)
      this.#refresh = setTimeout(() => void this.#loadFolders(), 150)
    })
  }

  /** Adds one thing after another; each shows its sheet and waits for the person. */
  bring(things: readonly Brought[]): void {
    this.waiting = [...this.waiting, ...things]
    if (this.adding === null) void this.next()
  }

  /** Leaves what is being added, gives up what is under way, and goes on to what waits. */
  async next(): Promise<void> {
    this.#abort?.abort()
    const [thing, ...rest] = this.waiting
    this.waiting = rest
    this.adding = null
    if (thing !== undefined) await this.#look(thing)
  }

  /** Leaves all of it. */
  leave(): void {
    this.waiting = []
    void this.next()
  }

  /** Takes what was looked at into the library. */
  async add(way: Way): Promise<void> {
    const { adding } = this
    if (adding?.stage.name !== 'known') return
    const { sheet, thing } = adding.stage
    const current = this.#begin({ ...adding, stage: { name: 'adding', sheet } })
    let source: Source | undefined
    try {
      source = 'file' in thing ? await this.#send(thing.file, sheet, current) : thing
      if (!current()) return this.#drop(source)
      this.adding = { ...adding, stage: { name: 'adding', sheet } }
      const { model } = await this.#studio.api.models.import({ source, way })
      this.#studio.toasts.info(`${model.name} is in the library.`, this.#offer(model))
      if (current()) await this.next()
    } catch (error) {
      this.#drop(source)
      if (current()) this.adding = { ...adding, stage: { name: 'refused', ...explain(error) } }
      // What was given up while it was sent has nothing to tell.
      else if (source) this.#studio.toasts.error(error)
    }
  }

  async addFolder(path: string): Promise<ModelFolder> {
    const folder = await this.#studio.api.models.addFolder({ path })
    await this.#loadFolders()
    return folder
  }

  async removeFolder(path: string): Promise<void> {
    await this.#studio.toasts.attempt(this.#studio.api.models.removeFolder({ path }))
    await this.#loadFolders()
  }

  async rename(id: string, name: string): Promise<void> {
    await this.#studio.toasts.attempt(this.#studio.api.models.rename({ id, name }))
  }

  /** All that a model's headers say. */
  report(id: string): Promise<ModelReport> {
    return this.#studio.api.models.report({ id })
  }

  /** Reads the whole file; what cannot be read is told. */
  hashes(id: string): Promise<ModelHashes | undefined> {
    return this.#studio.toasts.attempt(this.#studio.api.models.hashes({ id }))
  }

  /** Says of a base what its files are not believed in; false where that cannot be. */
  async override(id: string, said: ModelOverrides): Promise<boolean> {
    return (await this.#studio.toasts.attempt(this.#studio.api.models.override({ id, ...said }))) !== undefined
  }

  async remove(model: ModelCard): Promise<void> {
    const { api, toasts } = this.#studio
    const removed = await toasts.attempt(api.models.remove({ id: model.id }))
    if (removed !== undefined) toasts.info(`${model.name} was removed.`)
  }

  async #look(brought: Brought): Promise<void> {
    // By path where the window knows it.
    const path = 'file' in brought ? window.cicerone?.pathOf(brought.file) : undefined
    const thing = path ? { path } : brought
    const named = 'file' in thing ? { name: thing.file.name, size: thing.file.size } : { name: thing.path, size: null }
    const abort = new AbortController()
    this.#abort = abort
    const current = this.#begin({ ...named, stage: { name: 'looking' } })
    try {
      const { inspect } = this.#studio.api.models
      const sheet = await ('file' in thing ? look(thing.file, abort.signal) : inspect({ source: thing }))
      if (current()) this.adding = { ...named, size: sheet.size, stage: { name: 'known', sheet, thing } }
    } catch (error) {
      if (current()) this.adding = { ...named, stage: { name: 'refused', ...explain(error) } }
    }
  }

  async #send(file: File, sheet: ModelSheet, current: () => boolean): Promise<Source> {
    const tell = (done: number, total: number) => {
      if (current()) this.adding = { name: file.name, size: file.size, stage: { name: 'sending', sheet, done, total } }
    }
    tell(0, file.size)
    return { upload: await upload(file, tell, this.#abort?.signal) }
  }

  /** An upload that is not imported goes. */
  #drop(source: Source | undefined): void {
    // Where it cannot be told, the studio's next start does it.
    if (source && 'upload' in source) void this.#studio.api.models.discard(source).catch(() => undefined)
  }

  /** Shows what is being added; the returned function says whether it still is. */
  #begin(adding: Adding): () => boolean {
    this.adding = adding
    const name = adding.name
    const abort = this.#abort
    return () => this.#abort === abort && abort?.signal.aborted !== true && this.adding?.name === name
  }

  #offer(model: ModelCard): string {
    if (!model.usable || model.kind !== 'base') return ''
    return 'Choose it in Create or here in Models.'
  }

  async #loadFolders(): Promise<void> {
    this.folders = (await this.#studio.toasts.attempt(this.#studio.api.models.folders({}))) ?? this.folders
  }
}
