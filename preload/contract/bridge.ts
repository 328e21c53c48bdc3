import type { BackMessage, CallMessage } from './wire.ts'

/** Names of what goes between the desktop window and main. */
export const channels = {
  /** A call, answered. */
  call: 'cicerone:call',
  /** The window listens from now on. */
  listen: 'cicerone:listen',
  /** An event, to the window. */
  event: 'cicerone:event',
  /** Pictures leave the window as files. */
  drag: 'cicerone:drag',
} as const

/** What the preload script of the desktop window offers. */
export interface Bridge {
  call(message: CallMessage): Promise<BackMessage>
  onEvent(listener: (message: BackMessage) => void): void
  /** Where a dropped file lies on disk; empty where it is none of the disk. */
  pathOf(file: File): string
  /** Drags pictures out as real files; for a `dragstart` whose own drag has been prevented. */
  dragOut(ids: readonly number[]): void
}
