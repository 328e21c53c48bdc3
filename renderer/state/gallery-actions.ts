import type { PictureDetail } from '../../preload/contract/gallery.ts'
import { pictureUrl } from '../api.ts'
import { settingsText } from '../components/pictures/caption.ts'
import { pictureCount } from '../components/pictures/words.ts'
import type { Recall } from './create.svelte.ts'
import { GalleryState } from './gallery.svelte.ts'
import type { Studio } from './studio.svelte.ts'

/** As many as one call takes. */
const atOnce = 100_000

/** What can be done with pictures, from the grid and from the lightbox alike. */
export class PictureActions {
  readonly #studio: Studio

  constructor(studio: Studio) {
    this.#studio = studio
  }

  async star(ids: readonly number[], starred: boolean): Promise<void> {
    const { api, toasts } = this.#studio
    await toasts.attempt(Promise.all(cut(ids).map(ids => api.gallery.star({ ids, starred }))))
  }

  /** Stars all; where all are starred already, takes the stars away. */
  async toggleStar(ids: readonly number[]): Promise<void> {
    const chosen = new Set(ids)
    const all = this.#studio.of(GalleryState).items.every(item => item.starred || !chosen.has(item.id))
    await this.star(ids, !all)
  }

  /** Out of sight at once, with the way back in a toast. */
  async remove(ids: readonly number[]): Promise<void> {
    const { api, toasts } = this.#studio
    const removed = await toasts.attempt(Promise.all(cut(ids).map(ids => api.gallery.remove({ ids }))))
    if (removed === undefined) return
    toasts.undo(`${pictureCount(ids.length)} deleted.`, () =>
      Promise.all(removed.map(({ undo }) => api.gallery.restore({ undo }))),
    )
  }

  /** Takes a picture's settings into Create and goes there. */
  async use(id: number, what: Recall): Promise<void> {
    const { create, navigation, toasts } = this.#studio
    const settings = await this.#settings(id)
    if (settings === undefined) return
    create.use(settings, what)
    navigation.go('create')
    if (what !== 'all') toasts.info(what === 'seed' ? `Seed ${settings.seed} taken.` : 'Prompt taken.')
  }

  /** The settings as text, to be pasted into another program. */
  async copy(id: number): Promise<void> {
    const settings = await this.#settings(id)
    if (settings === undefined) return
    const done = await this.#studio.toasts.attempt(
      navigator.clipboard.writeText(settingsText(settings)).then(() => true),
    )
    if (done) this.#studio.toasts.info('Settings copied.')
  }

  /** Saves the files where the browser saves files. */
  async download(ids: readonly number[]): Promise<void> {
    for (const id of ids) {
      const detail = await this.detail(id)
      if (detail === undefined) return
      const link = document.createElement('a')
      link.href = pictureUrl(id)
      link.download = fileName(detail.file)
      link.click()
    }
  }

  detail(id: number): Promise<PictureDetail | undefined> {
    return this.#studio.toasts.attempt(this.#studio.api.gallery.detail({ id }))
  }

  async #settings(id: number) {
    const detail = await this.detail(id)
    if (detail?.settings === null) {
      this.#studio.toasts.info('This picture says nothing of how it was made.', 'Only its pixels are known.')
    }
    return detail?.settings ?? undefined
  }
}

const cut = (ids: readonly number[]): number[][] =>
  Array.from({ length: Math.ceil(ids.length / atOnce) }, (_, i) => ids.slice(i * atOnce, (i + 1) * atOnce))

/** The last part of a path of any system. */
export const fileName = (path: string): string => path.split(/[\\/]/).at(-1) ?? path
