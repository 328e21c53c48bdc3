import type * as Electron from 'electron'
import sharp from 'sharp'
import type { Hosted } from '../http/hosted.ts'

/** Side of the picture under the pointer, in pixels. */
const side = 96

/** Drags pictures out of the window as the files that they are. */
export async function dragOut(
  { nativeImage }: Pick<typeof Electron, 'nativeImage'>,
  contents: Electron.WebContents,
  gallery: Hosted['gallery'],
  ids: readonly number[],
): Promise<void> {
  const paths = await Promise.all(ids.map(id => gallery.file(id).catch(() => undefined)))
  const files = paths.filter(path => path !== undefined)
  const [file] = files
  if (file === undefined) return
  // Electron reads no WebP, which thumbnails are.
  const icon = await sharp(file).resize(side, side, { fit: 'inside' }).png().toBuffer()
  contents.startDrag({ file, files, icon: nativeImage.createFromBuffer(icon) })
}
