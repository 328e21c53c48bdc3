import { untrack } from 'svelte'

/** A key and what it does. `keys` is `mod+enter`, `escape`, `?`, `shift+delete`, `g`: `mod` is Ctrl, on a Mac Cmd. */
export interface Shortcut {
  readonly keys: string
  /** What it does, as the sheet of shortcuts says it. */
  readonly does: string
  readonly group: string
  /** Left out where the key is only explained here and a component listens to it itself. */
  readonly run?: () => void
  /** Also while the person types; keys with `mod` and Escape do unless this is false. */
  readonly whileTyping?: boolean
}

export const onMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent)

/** All shortcuts of what is on the screen now; the last that was added wins. */
export class Shortcuts {
  #all = $state.raw<readonly Shortcut[]>([])

  get all(): readonly Shortcut[] {
    return this.#all
  }

  /** Adds shortcuts until the returned function is called: `$effect(() => studio.shortcuts.add([...]))`. */
  add(shortcuts: readonly Shortcut[]): () => void {
    // The effect that adds must not run again because of what it added.
    this.#all = [...untrack(() => this.#all), ...shortcuts]
    return () => {
      this.#all = this.#all.filter(shortcut => !shortcuts.includes(shortcut))
    }
  }

  /** Does what `keys` do now, as if they were pressed outside of any text: for the desktop's menu. */
  press(keys: string): void {
    if (isKept(document.activeElement, keys)) return
    this.#all.findLast(each => each.run !== undefined && each.keys === keys)?.run?.()
  }

  /** For the window's `keydown`. */
  handle(event: KeyboardEvent): void {
    const keys = keysOf(event)
    if (event.defaultPrevented || isKept(event.target, keys)) return
    const typing = isTyping(event.target)
    const shortcut = this.#all.findLast(
      each =>
        each.run !== undefined &&
        each.keys === keys &&
        (!typing || (each.whileTyping ?? (keys.startsWith('mod+') || keys === 'escape'))),
    )
    if (shortcut === undefined) return
    event.preventDefault()
    shortcut.run?.()
  }
}

function keysOf(event: KeyboardEvent): string {
  const key = event.key.toLowerCase()
  const mod = onMac ? event.metaKey : event.ctrlKey
  // A sign such as ? already says that shift was held.
  const shift = event.shiftKey && (key.length > 1 || /[a-z]/.test(key))
  return `${mod ? 'mod+' : ''}${event.altKey ? 'alt+' : ''}${shift ? 'shift+' : ''}${key === ' ' ? 'space' : key}`
}

function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false
  if (target instanceof HTMLInputElement) return !['checkbox', 'radio', 'range', 'button'].includes(target.type)
  return target instanceof HTMLTextAreaElement || target.isContentEditable
}

/** What lies above the view keeps its keys; only a sheet, a part of its view, lets those with `mod` through. */
function isKept(target: EventTarget | null, keys: string): boolean {
  const overlay =
    target instanceof Element &&
    target.closest('[role="dialog"], [role="alertdialog"], [role="menu"], [data-select-content]')
  if (!overlay) return false
  return !(overlay.hasAttribute('data-sheet') && keys.startsWith('mod+'))
}
