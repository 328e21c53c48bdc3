import { join, resolve } from 'node:path'
import sharp from 'sharp'
import { UserError } from '../../models/errors.ts'
import type { PictureItem } from '../../preload/contract/gallery.ts'
import type { Contract } from '../../preload/contract/index.ts'
import type { Implementation } from '../../preload/contract/service.ts'
import type { Database } from '../database/database.ts'
import type { Events } from '../events.ts'
import { adopt, unrowed } from './adopt.ts'
import { checkGallery, type GalleryReport } from './check.ts'
import { type ExportOptions, exportTo } from './export.ts'
import { bringIn, type ImportReport, picturesIn } from './import.ts'
import { galleryPlaces, newPictureFile } from './places.ts'
import { parseQuery } from './query.ts'
import { onDisk, recordOf, settingsRow } from './record.ts'
import { Removals } from './removal.ts'
import { type Changes, galleryService } from './service.ts'
import type { PictureSettings } from './settings.ts'
import { meanColour, Thumbnails } from './thumbnails.ts'
import { writePicture } from './write.ts'

/** A picture as it comes from the engine. */
export interface PaintedPicture {
  /** Rows of bytes, red green blue. */
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
  readonly settings: PictureSettings
  readonly passes: number
  readonly seconds: number
}

interface GalleryOptions {
  readonly data: string
  readonly database: Database
  readonly events: Events
  /** Milliseconds in which a removal can be taken back. */
  readonly undoTime?: number
  /** Whether to end what the last run left behind: not where another studio may be using the folder. */
  readonly tidy?: boolean
}

export type Gallery = Awaited<ReturnType<typeof openGallery>>

/**
 * The pictures of a data folder: files in DATA/pictures, rows in the database, thumbnails in DATA/cache. Ends the removals
 * that the last run left, and in the background rows the files that have no row: what a crash, the command line or the
 * loss of the database left behind.
 */
export async function openGallery({ data: given, database, events, undoTime, tidy = true }: GalleryOptions) {
  const data = resolve(given)
  const thumbnails = new Thumbnails(galleryPlaces(data).thumbnails, database.pictures.setColour)
  const closing = new AbortController()
  /** Files that are written and about to be rowed. */
  const busy = new Set<string>()

  const tell = ({ added = [], updated = [], removed = [] }: Changes) => {
    if (added.length + updated.length + removed.length === 0) return
    events.emit('gallery.changed', { added: added.toSorted((a, b) => b.id - a.id), updated, removed })
  }
  const removals = new Removals({ data, database, events, thumbnails, ...(undoTime !== undefined && { undoTime }) })
  const service: Implementation<Contract['gallery']> = galleryService(database, removals, tell)

  /** Rows what lies in the folder of pictures without a row; how many that were. */
  async function adoptAll(): Promise<number> {
    let count = 0
    for await (const { pictures } of unrowed(data, database, busy))
      for await (const added of adopt(data, database, pictures)) {
        tell({ added })
        count += added.length
        if (closing.signal.aborted) return count
      }
    return count
  }

  async function tidyUp(): Promise<void> {
    if (!tidy) return
    const { setAside } = database
    if (setAside !== undefined)
      events.emit('system.notice', {
        level: 'error',
        message: 'The database was damaged; the gallery is being rebuilt from the pictures themselves.',
        hint: `The damaged file was kept as ${setAside}.`,
      })
    await removals.endLeft()
    const count = await adoptAll()
    if (setAside === undefined || closing.signal.aborted) return
    const message = `The gallery was rebuilt: ${count} ${count === 1 ? 'picture' : 'pictures'}.`
    events.emit('system.notice', { level: 'info', message, hint: 'Stars, tags and albums of before are lost.' })
  }

  // Behind the caller's own start: who wants to hear the notices listens by then
  const tidied = new Promise<void>(done => setImmediate(done)).then(tidyUp).catch((error: unknown) => {
    if (closing.signal.aborted) return
    const message = `The folder of pictures cannot be looked through: ${error instanceof Error ? error.message : error}`
    events.emit('system.notice', { level: 'error', message, hint: 'Check the data folder.' })
  })

  // Nobody waits for it
  const swept = tidied.then(() => (tidy ? thumbnails.tidy(closing.signal) : undefined)).catch(() => undefined)

  return {
    service,
    /** Settled when what the last run left behind is in order. */
    tidied,

    /** Writes a picture, rows it and tells everyone. UserError: it cannot be written. */
    async add({ pixels, width, height, settings, passes, seconds }: PaintedPicture): Promise<PictureItem> {
      const file = newPictureFile()
      const path = join(data, file)
      busy.add(file)
      try {
        await writePicture(path, { width, height, data: pixels }, settings)
        const colour = await meanColour(sharp(pixels, { raw: { width, height, channels: 3 } }))
        const row = {
          file,
          ...(await onDisk(path)),
          width,
          height,
          colour,
          ...settingsRow(settings, { passes, seconds }),
        }
        // Another process that looked for pictures without a row may have been faster; it does not know what this one cost
        const item = await database.pictures.put(row)
        tell({ added: [item] })
        thumbnails.of(item, path).catch(() => undefined)
        return item
      } finally {
        busy.delete(file)
      }
    },

    /** The path of a picture's file; nothing where there is no such picture. */
    async file(id: number): Promise<string | undefined> {
      const found = await database.pictures.file(id)
      return found && join(data, found.file)
    },

    /**
     * The path of a picture's thumbnail, which is made where there is none. The database is not asked for one that is there when
     * the bytes of the picture are given; where they are others, there is no such picture. UserError: the picture cannot be read.
     */
    async thumbnail(id: number, size?: number): Promise<string | undefined> {
      const there = size === undefined ? undefined : await thumbnails.find({ id, size })
      if (there !== undefined) return there
      const found = await database.pictures.file(id)
      if (!found || (size !== undefined && size !== found.size)) return undefined
      return thumbnails.of({ id, size: found.size }, join(data, found.file))
    },

    /** Compares the database with the disk and, with `fix`, mends what does not agree. UserError: a drive may not be there. */
    async check({ fix = false } = {}): Promise<GalleryReport> {
      await tidied
      const onForgotten = (removed: number[]) => tell({ removed })
      const report = await checkGallery(data, database, { fix, busy, onAdded: added => tell({ added }), onForgotten })
      const [first] = report.unreadable
      if (first) {
        const message = `Pictures that cannot be looked at: ${report.unreadable.length}. ${first.reason}.`
        events.emit('system.notice', { level: 'error', message, hint: 'Check the disk; none of them was forgotten.' })
      }
      return report
    },

    /** Rows again every picture in the folder that has no row; how many that were. */
    async rebuild(): Promise<number> {
      await tidied
      return adoptAll()
    },

    /** Copies pictures, or all pictures below folders, into the gallery, with the settings that they carry. */
    async importFolder(paths: readonly string[], signal?: AbortSignal): Promise<ImportReport> {
      await tidied
      const { pictures, skipped } = await picturesIn(paths)
      const failed: { path: string; reason: string }[] = []
      let imported = 0
      for (const path of pictures) {
        signal?.throwIfAborted()
        const record = await recordOf(path).catch((error: unknown) => {
          if (!(error instanceof UserError)) throw error
          failed.push({ path, reason: error.message })
        })
        if (!record) continue
        const added = await database.pictures.add([{ ...record, file: await bringIn(data, path) }])
        tell({ added })
        imported += added.length
      }
      return { imported, already: pictures.length - imported - failed.length, failed, skipped }
    },

    /** The newest pictures that a query finds, with their paths, and how many there are in all. */
    async search(query: string, limit: number) {
      await tidied
      const filter = parseQuery(query)
      const items = await database.pictures.page(filter, null, limit)
      const paths = items.map(async item => ({
        ...item,
        path: join(data, (await database.pictures.file(item.id))?.file ?? ''),
      }))
      return { total: await database.pictures.count(filter), pictures: await Promise.all(paths) }
    },

    /** Copies what a query finds to a folder; the paths of the copies. */
    async exportPictures(query: string, folder: string, options: ExportOptions): Promise<string[]> {
      await tidied
      return exportTo(data, await database.pictures.files(parseQuery(query)), folder, options)
    },

    /** Ends removals and waits for what is being written; the database is left open. */
    async close(): Promise<void> {
      closing.abort()
      await swept
      await thumbnails.settled()
      await removals.close()
    },
  }
}
