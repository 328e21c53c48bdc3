import type { Api } from '../../preload/contract/index.ts'
import type { ModelCard } from '../../preload/contract/models.ts'
import type { Events } from '../api/events.ts'
import type { Connection } from './connection.svelte.ts'
import type { Toasts } from './toasts.ts'

/** The library's models, as they stand now. */
export class Models {
  all = $state.raw<readonly ModelCard[]>([])
  /** False until the library has been asked for the first time. */
  loaded = $state(false)
  /** What is being copied, hashed or looked through, by what it is; gone when it is done. */
  progress = $state.raw<ReadonlyMap<string, { done: number; total: number }>>(new Map())

  readonly bases = $derived(this.all.filter(model => model.kind === 'base'))

  constructor(api: Api, events: Events, connection: Connection, toasts: Toasts) {
    events.on('models.changed', models => {
      this.all = models
    })
    events.on('models.progress', ({ what, done, total }) => {
      const progress = new Map(this.progress)
      if (done >= total) progress.delete(what)
      else progress.set(what, { done, total })
      this.progress = progress
    })
    connection.onOpen(async () => {
      this.all = (await toasts.attempt(api.models.list({}))) ?? this.all
      this.loaded = true
    })
  }

  named(id: string): ModelCard | undefined {
    return this.all.find(model => model.id === id)
  }

  /** The base that a picture was painted with, by hash where both are known, else by name. */
  baseOf({ name, hash }: { name: string; hash?: string | undefined }): ModelCard | undefined {
    const same = hash === undefined ? undefined : this.bases.find(base => base.hash === hash)
    return same ?? this.bases.find(base => base.name === name)
  }
}
