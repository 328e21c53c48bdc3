import { z } from 'zod'

/** A rectangle of the desktop, in its own pixels. */
export interface Area {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** Where the window was when it was last seen. */
const place = z.object({ x: z.int(), y: z.int(), width: z.int(), height: z.int(), maximized: z.boolean() })
export type WindowPlace = z.infer<typeof place>

export const smallest = { width: 720, height: 520 } as const
const usual = { width: 1440, height: 900, maximized: false } as const
/** What of the title bar has to be on a screen, so that the window can be taken hold of. */
const grip = { width: 120, height: 40 } as const

/** The place that was kept, where a screen still shows it; else the usual size, in the middle (no x and y). */
export function placeFrom(
  kept: unknown,
  screens: readonly Area[],
): Omit<WindowPlace, 'x' | 'y'> & Partial<WindowPlace> {
  const parsed = place.safeParse(kept)
  if (!parsed.success) return usual
  const { x, y, width, height, maximized } = parsed.data
  const size = { width: Math.max(width, smallest.width), height: Math.max(height, smallest.height), maximized }
  const isSeen = screens.some(
    screen =>
      y >= screen.y &&
      y + grip.height <= screen.y + screen.height &&
      Math.min(x + width, screen.x + screen.width) - Math.max(x, screen.x) >= grip.width,
  )
  return isSeen ? { ...size, x, y } : size
}
