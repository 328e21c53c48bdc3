import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Api } from '../../preload/contract/index.ts'

/** Where an item stands: newest first, and of two that are equally old the higher id first. */
export type Key = Pick<PictureItem, 'created' | 'id'>

/** Below zero where `a` comes before `b`. */
export const byAge = (a: Key, b: Key): number => b.created - a.created || b.id - a.id

/** Both lists, each newest first, as one; of what is in both `fresh` counts. */
export function mergeItems(items: readonly PictureItem[], fresh: readonly PictureItem[]): PictureItem[] {
  const merged: PictureItem[] = []
  let at = 0
  for (const item of items) {
    while (at < fresh.length && byAge(fresh[at]!, item) < 0) merged.push(fresh[at++]!)
    if (fresh[at]?.id === item.id) merged.push(fresh[at++]!)
    else merged.push(item)
  }
  for (; at < fresh.length; at++) merged.push(fresh[at]!)
  return merged
}

/** A page of what a query matches. */
type Page = (after: Key, limit: number) => Promise<readonly PictureItem[]>

/** The key directly before a picture: the page after it begins with it, if the query matches it. Pages go by id, which begins with the moment. */
const justBefore = (id: number): Key => ({ created: Math.floor(id / 100), id: id + 1 })

/**
 * Those of the pictures `ids` that a query matches, newest first, found with as few pages as it can: a page that begins
 * just before one tells of every one that it reaches.
 */
export async function matching(ids: readonly number[], page: Page): Promise<PictureItem[]> {
  const limit = ids.length > 200 ? 1000 : 200
  const found: PictureItem[] = []
  let open = ids.toSorted((a, b) => b - a)
  while (open.length > 0) {
    const items = await page(justBefore(open[0]!), limit)
    const wanted = new Set(open)
    found.push(...items.filter(({ id }) => wanted.has(id)))
    const last = items.at(-1)
    open = items.length < limit || !last ? [] : open.filter(id => id < last.id)
  }
  return found
}

/** Those of the pictures `ids` that the gallery no longer has: asked where it is not told which ones have gone. */
export async function goneOf({ gallery }: Pick<Api, 'gallery'>, ids: readonly number[]): Promise<ReadonlySet<number>> {
  const there = await matching(ids, async (after, limit) => (await gallery.page({ after, limit })).items)
  return new Set(ids).difference(new Set(there.map(({ id }) => id)))
}
