import { rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { UserError } from '../../models/errors.ts'
import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Database } from '../database/database.ts'
import { saysAbsent } from './absent.ts'
import { readable, unrowed } from './adopt.ts'
import { galleryPlaces } from './places.ts'

/** What does not agree between the database and the disk; names are below the data folder. */
export interface GalleryReport {
  /** Rows that were looked at. */
  readonly pictures: number
  /** Rows whose file is gone. */
  readonly missing: string[]
  /** Rows of which the disk does not say whether their file is there, and why; they are kept. */
  readonly unreadable: { readonly file: string; readonly reason: string }[]
  /** Pictures without a row. */
  readonly orphans: string[]
  /** Files whose writing was cut short. */
  readonly leftovers: string[]
  /** Files that are no pictures, or cannot be read as such; they are left alone. */
  readonly others: string[]
  /** Whether it was mended: rows without files forgotten, orphans rowed, leftovers deleted. */
  readonly fixed: boolean
}

interface Mending {
  readonly fix: boolean
  readonly busy: ReadonlySet<string>
  readonly onAdded: (items: PictureItem[]) => void
  readonly onForgotten: (ids: number[]) => void
}

const batch = 2000

/** Compares the database with the disk, both ways. UserError: it looks as if a drive were not there; then nothing is mended. */
export async function checkGallery(data: string, database: Database, mending: Mending): Promise<GalleryReport> {
  const { fix, busy, onAdded, onForgotten } = mending
  const { pictures, missing, unreadable } = await lookThrough(data, database)
  if (fix) await requireDrive(data, pictures, missing)
  const orphans: string[] = []
  const leftovers: string[] = []
  const others: string[] = []
  for await (const found of unrowed(data, database, busy)) {
    const unread = new Set(found.pictures)
    for await (const records of readable(data, found.pictures)) {
      if (fix) onAdded(await database.pictures.add(records))
      for (const { file } of records) {
        orphans.push(file)
        unread.delete(file)
      }
    }
    if (fix) for (const file of found.leftovers) await rm(join(data, file), { force: true })
    leftovers.push(...found.leftovers)
    others.push(...found.others, ...unread)
  }
  if (fix && missing.length > 0) {
    const ids = missing.map(({ id }) => id)
    await database.pictures.forget(ids)
    onForgotten(ids)
  }
  return { pictures, missing: missing.map(({ file }) => file), unreadable, orphans, leftovers, others, fixed: fix }
}

interface Row {
  readonly id: number
  readonly file: string
}

/** Rows that were looked at, those whose file is gone, and those of which the disk does not say. */
async function lookThrough(data: string, database: Database) {
  const missing: Row[] = []
  const unreadable: { file: string; reason: string }[] = []
  let pictures = 0
  for (let last = -1; ; ) {
    const rows = await database.pictures.after(last, batch)
    const end = rows.at(-1)
    if (!end) return { pictures, missing, unreadable }
    const looked = await Promise.all(rows.map(async row => ({ row, found: await look(join(data, row.file)) })))
    for (const { row, found } of looked)
      if (found === 'absent') missing.push(row)
      else if (found !== 'there') unreadable.push({ file: row.file, reason: found.message })
    pictures += rows.length
    last = end.id
  }
}

const look = (path: string): Promise<'there' | 'absent' | Error> =>
  stat(path).then(
    info => (info.isFile() ? 'there' : 'absent'),
    error => (saysAbsent(error) ? 'absent' : error),
  )

/**
 * A drive that is not there must not cost stars and tags, also where something was painted into its place since: pictures
 * are forgotten while at least half of all are there, and a folder's while it is there, be it empty.
 */
async function requireDrive(data: string, pictures: number, missing: readonly Row[]): Promise<void> {
  const unchanged = 'Check whether it was moved or its drive is not there; nothing was changed.'
  if (missing.length > pictures / 2)
    throw new UserError(
      `Missing from ${galleryPlaces(data).pictures}: ${missing.length} of ${pictures} pictures.`,
      `${unchanged} Pictures whose files you deleted yourself can be deleted in the studio as well.`,
    )
  const folders = Map.groupBy(missing, ({ file }) => dirname(file))
  for (const [folder, { length }] of folders) {
    const path = join(data, folder)
    const info = await stat(path).catch(() => undefined)
    if (info?.isDirectory()) continue
    throw new UserError(
      `The folder ${path} is gone, and with it ${length} ${length === 1 ? 'picture' : 'pictures'}.`,
      `${unchanged} If you deleted it yourself, make it again, empty, and repeat this.`,
    )
  }
}
