import type { PictureItem } from '../../../preload/contract/gallery.ts'
import type { Studio } from '../../state/studio.svelte.ts'

const kept = 60

/** The newest pictures, newest first. */
export class Recent {
  items = $state.raw<readonly PictureItem[]>([])
  loaded = $state(false)

  constructor({ api, events, connection, toasts }: Studio) {
    events.on('gallery.changed', ({ added, updated, removed }) => {
      const gone = new Set([...removed, ...added.map(({ id }) => id)])
      const changed = new Map(updated.map(item => [item.id, item]))
      const rest = this.items.filter(({ id }) => !gone.has(id)).map(item => changed.get(item.id) ?? item)
      this.items = [...added, ...rest].sort((a, b) => b.created - a.created || b.id - a.id).slice(0, kept)
    })
    const load = async () => {
      const page = await toasts.attempt(api.gallery.page({ limit: kept }))
      if (page === undefined) return
      this.items = page.items
      this.loaded = true
    }
    events.on('gallery.stale', () => void load())
    connection.onOpen(() => void load())
  }
}
