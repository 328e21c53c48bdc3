import { toast } from 'svelte-sonner'
import { explain } from '../api/errors.ts'

/** Short messages at the window's lower edge, gone by themselves. */
export class Toasts {
  info(message: string, hint = ''): void {
    toast(message, describe(hint))
  }

  error(error: unknown): void {
    const { message, hint } = explain(error)
    toast.error(message, { ...describe(hint), duration: 10_000 })
  }

  /** Says what was done and offers to take it back. */
  undo(message: string, undo: () => Promise<unknown>, seconds = 10): void {
    toast(message, {
      duration: seconds * 1000,
      action: { label: 'Undo', onClick: () => void this.attempt(undo()) },
    })
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
