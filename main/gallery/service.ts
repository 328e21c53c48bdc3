import { UserError } from '../../models/errors.ts'
import { type PictureItem, pictureSettings } from '../../preload/contract/gallery.ts'
import type { Contract } from '../../preload/contract/index.ts'
import type { Implementation } from '../../preload/contract/service.ts'
import type { Database } from '../database/database.ts'
import { parseQuery } from './query.ts'
import type { Removals } from './removal.ts'

/** What changed in the gallery. */
export interface Changes {
  readonly added?: PictureItem[]
  readonly updated?: PictureItem[]
  readonly removed?: number[]
}

/** What the window can ask of the gallery. */
export function galleryService(
  database: Database,
  removals: Removals,
  tell: (changes: Changes) => void,
): Implementation<Contract['gallery']> {
  return {
    async page({ query, after, limit }) {
      const filter = parseQuery(query)
      const items = await database.pictures.page(filter, after?.id ?? null, limit)
      return { items, total: after === null && items.length < limit ? items.length : null }
    },
    count: async ({ query }) => ({ total: await database.pictures.count(parseQuery(query)) }),
    async detail({ id }) {
      const found = await database.pictures.detail(id)
      if (!found) throw new UserError('This picture is no longer in the gallery.')
      const { generation, seed, width, height, starred, colour, created, file, size, tags } = found
      const settings = pictureSettings.safeParse(generation?.settings)
      return {
        ...{ id, size, width, height, seed: seed ?? 0, starred, colour, created, file, tags },
        settings: settings.data ?? null,
        passes: generation?.passes ?? null,
        seconds: generation?.seconds ?? null,
      }
    },
    async star({ ids, starred }) {
      tell({ updated: await database.pictures.star(ids, starred) })
      return {}
    },
    async remove({ ids }) {
      const { undo, removed } = await removals.begin(ids)
      tell({ removed })
      return { undo }
    },
    async restore({ undo }) {
      const added = await removals.restore(undo)
      if (!added) throw new UserError('These pictures cannot be taken back any more.', "Look in the system's trash.")
      tell({ added })
      return {}
    },
  }
}
