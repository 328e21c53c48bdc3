import { type FileHandle, mkdir, open, readFile, rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { writeText } from '../../tensor/atomically.ts'
import { pathError, readAt } from '../../tensor/safetensors/open.ts'
import { sizeText } from '../../tensor/safetensors/size-text.ts'

export interface StoreLayout<Field extends string> {
  /** What the records follow from: a store that was made of something else is made anew. */
  readonly key: string
  /** Records in the end. */
  readonly count: number
  /** Numbers of each record. */
  readonly fields: Readonly<Record<Field, number>>
}

/** Records of f32 numbers on disk, of a size that is known from the start; each field is a file, read by range. */
export interface Store<Field extends string> {
  readonly count: number
  /** Records that are there. */
  written(): number
  /** Adds records: each field's numbers one after another. What is beyond the store's size is dropped. */
  append(records: Readonly<Record<Field, Float32Array>>): Promise<void>
  /** A field of some records, one after another. */
  read(field: Field, indices: readonly number[]): Promise<Float32Array>
}

/**
 * Opens a store, or makes it, until `closing` is disposed of. Records that a killed run has left are kept.
 * @throws UserError where the disk is too small for it
 */
export async function openStore<Field extends string>(
  folder: string,
  layout: StoreLayout<Field>,
  closing: AsyncDisposableStack,
): Promise<Store<Field>> {
  const { count, fields } = layout
  const names = Object.keys(fields) as Field[]
  const about = JSON.stringify({ version: 1, ...layout })
  const aboutPath = join(folder, 'store.json')
  const known = await readFile(aboutPath, 'utf8').catch(() => undefined)
  if (known !== about) {
    await rm(folder, { recursive: true, force: true })
    await mkdir(folder, { recursive: true }).catch((cause: unknown) => {
      throw pathError(folder, cause, 'written')
    })
    await requireRoom(folder, count * 4 * names.reduce((sum, name) => sum + fields[name], 0))
    await writeText(aboutPath, about)
  }
  const files = new Map<Field, FileHandle>()
  for (const name of names) files.set(name, closing.use(await open(join(folder, `${name}.f32`), 'a+')))
  const fileOf = (name: Field) => files.get(name) as FileHandle
  let written = count
  for (const name of names) written = Math.min(written, Math.floor((await fileOf(name).stat()).size / 4 / fields[name]))
  for (const name of names) await fileOf(name).truncate(written * 4 * fields[name])

  return {
    count,
    written: () => written,
    async append(records) {
      const added = Math.min(count - written, records[names[0] as Field].length / fields[names[0] as Field])
      for (const name of names) {
        const values = records[name].subarray(0, added * fields[name])
        const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
        await fileOf(name)
          .appendFile(bytes)
          .catch((cause: unknown) => {
            throw pathError(folder, cause, 'written')
          })
      }
      written += added
    },
    async read(field, indices) {
      const size = fields[field]
      const values = new Float32Array(indices.length * size)
      for (const [i, index] of indices.entries()) {
        const bytes = new Uint8Array(values.buffer, i * size * 4, size * 4)
        if ((await readAt(fileOf(field), bytes, index * size * 4)) < bytes.length)
          throw new UserError(
            `${folder} changed while it was being read.`,
            'Delete it and start the run again with --resume.',
          )
      }
      return values
    },
  }
}

async function requireRoom(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  if (bavail * bsize < bytes)
    throw new UserError(
      `The states of this run take ${sizeText(bytes)}, and ${sizeText(bavail * bsize)} are free in ${folder}.`,
      'Free some space, or choose fewer states in the recipe.',
    )
}
