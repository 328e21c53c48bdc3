/** How a picture stands in a frame: `scale` times its own pixels, its middle moved off the frame's middle. */
export interface View {
  readonly scale: number
  readonly x: number
  readonly y: number
}

/** Width and height in pixels. */
export interface Size {
  readonly width: number
  readonly height: number
}

const largest = 16
/** Small pictures are not blown up past this to fill the frame. */
const blownUp = 8

/** The whole picture, as large as the frame lets it be. */
export const toFrame = (picture: Size, frame: Size): View => ({
  scale: Math.min(frame.width / picture.width, frame.height / picture.height, blownUp),
  x: 0,
  y: 0,
})

/** Keeps the picture in the frame: no further away than its edge, and in the middle where it is the smaller one. */
export function hold(view: View, picture: Size, frame: Size): View {
  const reach = (side: number, room: number) => Math.max(0, (side * view.scale - room) / 2)
  const across = reach(picture.width, frame.width)
  const down = reach(picture.height, frame.height)
  return {
    scale: view.scale,
    x: Math.min(across, Math.max(-across, view.x)),
    y: Math.min(down, Math.max(-down, view.y)),
  }
}

/**
 * Zooms by `factor` so that what lies under `at` (measured from the frame's middle) stays there. Never smaller than
 * the whole picture.
 */
export function zoomAt(view: View, factor: number, at: { x: number; y: number }, picture: Size, frame: Size): View {
  const whole = toFrame(picture, frame).scale
  const scale = Math.min(Math.max(largest, whole), Math.max(whole, view.scale * factor))
  const grown = scale / view.scale
  return hold({ scale, x: at.x - (at.x - view.x) * grown, y: at.y - (at.y - view.y) * grown }, picture, frame)
}

/** Moves the picture by a drag. */
export const pan = (view: View, by: { x: number; y: number }, picture: Size, frame: Size): View =>
  hold({ scale: view.scale, x: view.x + by.x, y: view.y + by.y }, picture, frame)

export { toFrame as fit }
