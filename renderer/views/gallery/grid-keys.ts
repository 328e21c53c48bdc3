import type { GalleryState } from '../../state/gallery.svelte.ts'
import type { PictureActions } from '../../state/gallery-actions.ts'
import type { Selection } from '../../state/selection.svelte.ts'
import type { Shortcut } from '../../state/shortcuts.svelte.ts'
import type { GridLayout } from './grid-layout.svelte.ts'
import { nearestIn, rowCount, rowOf } from './rows.ts'

interface Grid {
  readonly gallery: GalleryState
  readonly selection: Selection
  readonly actions: PictureActions
  readonly layout: GridLayout
  moveTo(index: number): void
  onopen(id: number): void
}

/** What the grid's keys do, for the sheet of shortcuts. */
export const gridShortcuts: readonly Shortcut[] = [
  { keys: 'space', does: 'Open the picture', group: 'Gallery' },
  { keys: 'f', does: 'Star', group: 'Gallery' },
  { keys: 'r', does: 'Use its settings in Create', group: 'Gallery' },
  { keys: 'delete', does: 'Delete, with undo', group: 'Gallery' },
  { keys: 'mod+a', does: 'Select all', group: 'Gallery' },
  { keys: 'escape', does: 'Select nothing', group: 'Gallery' },
]

/** A key pressed on the grid. What the grid does not know goes on to the window. */
export function gridKey(event: KeyboardEvent, grid: Grid): void {
  const { gallery, selection, actions, onopen } = grid
  const mod = event.ctrlKey || event.metaKey
  const { focused } = selection
  const chosen = selection.count > 0 ? [...selection.ids] : focused === null ? [] : [focused]
  const to = target(event.key, mod, grid)
  if (to !== undefined) {
    const item = gallery.items[to]
    if (item && event.shiftKey) selection.range(gallery.items, item.id)
    grid.moveTo(to)
  } else if (mod && event.key.toLowerCase() === 'a') selection.all(gallery.items)
  else if (event.key === 'Escape' && selection.count > 0) selection.clear()
  else if (mod || event.altKey || focused === null) return
  else if (event.key === ' ' || event.key === 'Enter') onopen(focused)
  else if (event.key.toLowerCase() === 'x') selection.toggle(focused)
  else if (event.key.toLowerCase() === 'f') void actions.toggleStar(chosen)
  else if (event.key.toLowerCase() === 'r') void actions.use(focused, 'all')
  else if (event.key === 'Delete' || event.key === 'Backspace') void actions.remove(chosen)
  else return
  event.preventDefault()
  event.stopPropagation()
}

/** The picture that a key leads to; undefined where it is no key that moves. */
function target(key: string, mod: boolean, { gallery, selection, layout }: Grid): number | undefined {
  const { items } = gallery
  const { rows } = layout
  if (!['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Home', 'End', 'PageUp', 'PageDown'].includes(key)) return
  const last = items.length - 1
  const at = items.findIndex(item => item.id === selection.focused)
  if (at < 0) return Math.max(0, Math.min(last, rows.first[layout.from] ?? 0))
  const row = rowOf(rows, at)
  const page = Math.max(1, Math.floor(layout.height / layout.wanted))
  const inRow = (row: number) => nearestIn(items, rows, Math.min(rowCount(rows) - 1, Math.max(0, row)), at)
  if (key === 'ArrowLeft') return Math.max(0, at - 1)
  if (key === 'ArrowRight') return Math.min(last, at + 1)
  if (key === 'ArrowUp') return inRow(row - 1)
  if (key === 'ArrowDown') return inRow(row + 1)
  if (key === 'PageUp') return inRow(row - page)
  if (key === 'PageDown') return inRow(row + page)
  if (key === 'Home') return mod ? 0 : rows.first[row]
  return mod ? last : (rows.first[row + 1] ?? 1) - 1
}
