import { type FileHandle, mkdir, readdir, readFile, rm, stat } from 'node:fs/promises'
import { basename, extname, join, resolve, sep } from 'node:path'
import { z } from 'zod'
import { UserError } from '../../errors.ts'
import type { CancelSignal } from '../../pipelines/cancel.ts'
import { readPixels } from '../../pipelines/pixels.ts'
import { writeAtomically, writeText } from '../../tensor/atomically.ts'
import { pathError } from '../../tensor/safetensors/open.ts'
import { packFiles } from './pack.ts'

const pictureEndings = new Set(['.png', '.jpg', '.jpeg', '.webp'])

interface Captioned {
  readonly file: string
  readonly caption: string
}

/**
 * Packs a folder of pictures for training: `NAME.png` with `NAME.txt` beside it, as kohya's tools have it, or a
 * `captions.jsonl` whose lines name a picture (`file` or `file_name`) and its `caption` (or `text`). Each is cut to a
 * square around its middle. `data.json` is written last: without it the pack is not there.
 * @param pixels side of the packed pictures
 * @throws UserError where a picture lacks its caption, or cannot be read
 */
export async function makePack(folder: string, into: string, pixels: number, signal?: CancelSignal): Promise<void> {
  const pairs = await captionedPictures(folder)
  await mkdir(into, { recursive: true })
  await rm(join(into, packFiles.about), { force: true })
  await writeAtomically(join(into, packFiles.pictures), async handle => {
    for (const { file } of pairs) {
      signal?.throwIfAborted()
      await writePicture(handle, await readPixels(join(folder, file), pixels, pixels))
    }
  })
  const lines = pairs.map(({ file, caption }) => `${JSON.stringify({ caption, file })}\n`)
  await writeText(join(into, packFiles.captions), lines.join(''))
  const about = { count: pairs.length, width: pixels, height: pixels }
  await writeText(join(into, packFiles.about), `${JSON.stringify(about)}\n`)
}

async function writePicture(handle: FileHandle, picture: Float32Array): Promise<void> {
  await handle.writeFile(Uint8Array.from(picture, value => Math.round((value + 1) * 127.5)))
}

/** The pictures of a folder in the order of their names. */
async function captionedPictures(folder: string): Promise<Captioned[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw pathError(folder, cause)
  })
  if (names.includes(packFiles.captions)) return listed(folder)
  const pictures = names.filter(name => pictureEndings.has(extname(name).toLowerCase())).toSorted()
  if (pictures.length === 0)
    throw new UserError(
      `${folder} holds no pictures.`,
      'Choose a folder of pictures, each with its caption in a .txt file.',
    )
  return Promise.all(
    pictures.map(async file => {
      const text = `${basename(file, extname(file))}.txt`
      if (!names.includes(text)) throw new UserError(`${join(folder, file)} has no caption: there is no ${text}.`)
      return { file, caption: (await readFile(join(folder, text), 'utf8')).trim() }
    }),
  )
}

const line = z
  .object({
    file: z.string().optional(),
    file_name: z.string().optional(),
    caption: z.string().optional(),
    text: z.string().optional(),
  })
  .transform(({ file, file_name, caption, text }) => ({ file: file ?? file_name, caption: caption ?? text }))

async function listed(folder: string): Promise<Captioned[]> {
  const path = join(folder, packFiles.captions)
  const lines = (await readFile(path, 'utf8')).split('\n').filter(text => text.trim() !== '')
  return Promise.all(
    lines.map(async (text, i) => {
      const { file, caption } = parsed(text) ?? {}
      if (file === undefined || caption === undefined)
        throw new UserError(`${path}, line ${i + 1} does not name a picture and its caption.`)
      const inside = resolve(folder, file).startsWith(resolve(folder) + sep)
      if (!inside || !(await stat(join(folder, file)).catch(() => undefined))?.isFile())
        throw new UserError(`${path}, line ${i + 1} names ${file}, which is not in the folder.`)
      return { file, caption }
    }),
  )
}

function parsed(text: string): z.infer<typeof line> | undefined {
  try {
    return line.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}
