import type { PictureItem } from '../../preload/contract/gallery.ts'

/** Where an item stands: newest first, and of two that are equally old the higher id first. */
export type Key = Pick<PictureItem, 'created' | 'id'>

/** Below zero where `a` comes before `b`. */
export const byAge = (a: Key, b: Key): number => b.created - a.created || b.id - a.id

/** The key directly before `item`: the page after it begins with `item`, if the query matches it. */
const justBefore = (item: Key): Key => ({ created: item.created, id: item.id + 1 })

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

/**
 * Those of `candidates` that a query matches, newest first, found with as few pages as it can: a page that begins
 * just before a candidate tells of every candidate it reaches.
 */
export async function matching(candidates: readonly PictureItem[], page: Page): Promise<PictureItem[]> {
  const limit = 200
  const found: PictureItem[] = []
  let open = candidates.toSorted(byAge)
  while (open.length > 0) {
    const items = await page(justBefore(open[0]!), limit)
    const ids = new Set(open.map(item => item.id))
    found.push(...items.filter(item => ids.has(item.id)))
    const last = items.at(-1)
    open = items.length < limit || !last ? [] : open.filter(item => byAge(item, last) > 0)
  }
  return found
}
