import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../models/errors.ts'
import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Database } from '../database/database.ts'
import { readable, unrowed } from './adopt.ts'
import { galleryPlaces } from './places.ts'

/** What does not agree between the database and the disk; names are below the data folder. */
export interface GalleryReport {
  /** Rows that were looked at. */
  readonly pictures: number
  /** Rows whose file is gone. */
  readonly missing: string[]
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

/** Compares the database with the disk, both ways. UserError: the folder of pictures as a whole is gone. */
export async function checkGallery(data: string, database: Database, mending: Mending): Promise<GalleryReport> {
  const { fix, busy, onAdded, onForgotten } = mending
  const { pictures, missing } = await missingFiles(data, database)
  // A drive that is not there must not cost stars and tags
  if (fix && pictures > 0 && missing.length === pictures)
    throw new UserError(
      `None of the ${pictures} pictures is in ${galleryPlaces(data).pictures}.`,
      'Check whether the folder was moved or its drive is not there; nothing was changed.',
    )
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
  return { pictures, missing: missing.map(({ file }) => file), orphans, leftovers, others, fixed: fix }
}

async function missingFiles(data: string, database: Database) {
  const missing: { id: number; file: string }[] = []
  let pictures = 0
  for (let last = -1; ; ) {
    const rows = await database.pictures.after(last, batch)
    const end = rows.at(-1)
    if (!end) return { pictures, missing }
    const there = await Promise.all(rows.map(({ file }) => isFile(join(data, file))))
    missing.push(...rows.filter((_, i) => !there[i]))
    pictures += rows.length
    last = end.id
  }
}

const isFile = (path: string): Promise<boolean> =>
  stat(path).then(
    info => info.isFile(),
    () => false,
  )
