import { toast } from 'svelte-sonner'
import { explain } from '../api/errors.ts'

/** Short messages at the window's upper edge, gone by themselves. */
export class Toasts {
  /** What can be taken back, the last that was done at the end. */
  readonly #undoable: { readonly toast: string | number; readonly undo: () => Promise<unknown> }[] = []

  info(message: string, hint = ''): void {
    toast(message, describe(hint))
  }

  error(error: unknown): void {
    const { message, hint } = explain(error)
    toast.error(message, { ...describe(hint), duration: 10_000 })
  }

  /** Says what was done and offers to take it back. */
  undo(message: string, undo: () => Promise<unknown>, seconds = 10): void {
    const forget = () => {
      const index = this.#undoable.findIndex(each => each.undo === undo)
      if (index >= 0) this.#undoable.splice(index, 1)
    }
    const shown = toast(message, {
      duration: seconds * 1000,
      action: {
        label: 'Undo',
        onClick: () => {
          forget()
          void this.attempt(undo())
        },
      },
      onAutoClose: forget,
      onDismiss: forget,
    })
    this.#undoable.push({ toast: shown, undo })
  }

  /** Takes back the last thing that still can be. */
  undoLast(): void {
    const last = this.#undoable.pop()
    if (last === undefined) return
    toast.dismiss(last.toast)
    void this.attempt(last.undo())
  }

  /** The result of `action`; where it fails, its sentence is shown and the result is undefined. */
  async attempt<T>(action: Promise<T>): Promise<T | undefined> {
    try {
      return await action
    } catch (error) {
      this.error(error)
      return undefined
    }
  }
}

const describe = (hint: string) => (hint === '' ? {} : { description: hint })
