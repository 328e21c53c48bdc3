/** Says of a drag that it is the studio's own. */
const mark = 'application/x-cicerone-picture'

/** Whether the desktop drags pictures of this window as files, which look like any others when they come back over it. */
let outside = false

const ended = (event: PointerEvent) => {
  // While something is dragged the pointer is not told of; before it has begun, its button is down.
  if (event.type === 'pointermove' && event.buttons !== 0) return
  outside = false
  for (const name of ['pointermove', 'pointerdown'] as const) removeEventListener(name, ended)
}

/** For a `dragstart`: drags pictures out of the window as files; a browser can drag only the first. */
export function dragPictures(event: DragEvent, ids: readonly number[]): void {
  const [id] = ids
  if (id === undefined || event.dataTransfer === null) return
  if (window.cicerone) {
    event.preventDefault()
    outside = true
    for (const name of ['pointermove', 'pointerdown'] as const) addEventListener(name, ended)
    window.cicerone.dragOut(ids)
    return
  }
  const url = new URL(`/pictures/${id}`, location.href).href
  event.dataTransfer.setData(mark, String(id))
  event.dataTransfer.setData('DownloadURL', `image/png:picture-${id}.png:${url}`)
  event.dataTransfer.effectAllowed = 'copy'
}

/** Whether a drag brings files from outside; a picture of the studio's own is none. */
export function bringsFiles({ dataTransfer }: DragEvent): boolean {
  const types = dataTransfer?.types ?? []
  return types.includes('Files') && !types.includes(mark) && !outside
}
