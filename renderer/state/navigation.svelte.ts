export const viewNames = ['create', 'gallery', 'models', 'training'] as const
export type ViewName = (typeof viewNames)[number]

/** Dialogs that any view may open; the one who owns a dialog renders it while its name stands here. */
export type DialogName = 'shortcuts' | 'add-folder' | 'add-model'

/** Which view is shown, and which dialog lies over it. The address holds the view, so a reload finds it again. */
export class Navigation {
  view = $state<ViewName>('create')
  dialog = $state<DialogName | null>(null)

  constructor() {
    if (typeof location === 'undefined') return
    this.#read()
    addEventListener('hashchange', () => this.#read())
  }

  go(view: ViewName): void {
    this.view = view
    if (typeof location !== 'undefined') location.hash = view
  }

  open(dialog: DialogName): void {
    this.dialog = dialog
  }

  close(): void {
    this.dialog = null
  }

  #read(): void {
    const name = location.hash.slice(1)
    this.view = viewNames.find(view => view === name) ?? 'create'
  }
}
