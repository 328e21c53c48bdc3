import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { readJson } from '../../checkpoint/files.ts'
import { UserError } from '../../errors.ts'
import { readAt, withFile } from '../../tensor/safetensors/open.ts'
import { sizeText } from '../../tensor/safetensors/size-text.ts'

/** The files of a packed dataset. */
export const packFiles = { about: 'data.json', pictures: 'pictures.u8', captions: 'captions.jsonl' } as const

const most = 50_000_000
const side = z.int().min(1).max(16_384)
const about = z.object({
  count: z.int().min(1).max(most),
  width: side,
  height: side,
  /** What the pictures are under, as far as it is known. */
  license: z.string().max(4000).optional(),
})

export type PackFacts = z.infer<typeof about>

/** Pictures with captions in the form that training reads. */
export interface Pack extends PackFacts {
  readonly folder: string
  /** In the order of the pictures. */
  readonly captions: readonly string[]
  /** Pictures as f32 [n, 3, height, width] in -1..1. */
  pictures(indices: readonly number[]): Promise<Float32Array>
}

/** Most bytes of captions: they are kept in memory. */
const mostCaptions = 2_000_000_000

/**
 * Opens a packed dataset: `pictures.u8` (bytes [count, 3, height, width], red green blue), `captions.jsonl` (an object
 * with a `caption` for each picture) and `data.json` (count, width, height). Pictures are read by range, until `closing` is
 * disposed of.
 * @throws UserError where a file is missing, or they do not agree
 */
export async function openPack(folder: string, closing: AsyncDisposableStack): Promise<Pack> {
  const read = about.safeParse(await readJson(join(folder, packFiles.about), `${folder}/${packFiles.about}`))
  if (!read.success) {
    const field = read.error.issues[0]?.path.join('.')
    throw new UserError(`${folder}/${packFiles.about} does not say ${field}, or not as a number that can be.`)
  }
  const { count, width, height } = read.data
  const bytes = 3 * width * height
  const captions = await readCaptions(folder, count)
  const path = join(folder, packFiles.pictures)
  await withFile(path, async ({ size }) => {
    if (size !== count * bytes)
      throw new UserError(
        `${path} has ${size} bytes where ${count} pictures of ${width} x ${height} take ${count * bytes}.`,
        'Pack the dataset again.',
      )
  })
  const handle = closing.use(await open(path))
  return {
    ...read.data,
    folder,
    captions,
    async pictures(indices) {
      const pixels = new Float32Array(indices.length * bytes)
      for (const [i, index] of indices.entries())
        await readPicture(handle, index, pixels.subarray(i * bytes, (i + 1) * bytes))
      return pixels
    },
  }
}

async function readPicture(handle: FileHandle, index: number, into: Float32Array): Promise<void> {
  const bytes = new Uint8Array(into.length)
  if ((await readAt(handle, bytes, index * bytes.length)) < bytes.length)
    throw new UserError('The dataset changed while it was being read.', 'Pack it again.')
  for (let i = 0; i < bytes.length; i++) into[i] = (bytes[i] as number) / 127.5 - 1
}

async function readCaptions(folder: string, count: number): Promise<string[]> {
  const path = join(folder, packFiles.captions)
  const text = await withFile(path, async ({ handle, size }) => {
    if (size > mostCaptions) throw new UserError(`${path} has ${sizeText(size)}, more than captions may take.`)
    return handle.readFile('utf8')
  })
  const lines = text.split('\n').filter(line => line !== '')
  if (lines.length !== count)
    throw new UserError(`${path} has ${lines.length} lines for ${count} pictures.`, 'Pack the dataset again.')
  return lines.map((line, i) => captionOf(line, `${path}, line ${i + 1}`))
}

const captioned = z.object({ caption: z.string().max(20_000) })

/** The caption of one line. */
function captionOf(line: string, shown: string): string {
  try {
    return captioned.parse(JSON.parse(line)).caption
  } catch (cause) {
    throw new UserError(`${shown} is no object with a caption.`, '', { cause })
  }
}
