import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Database, openDatabase } from '../../../main/database/database.ts'
import { Events } from '../../../main/events.ts'
import { type Gallery, openGallery } from '../../../main/gallery/gallery.ts'

export interface Opened {
  readonly data: string
  readonly database: Database
  readonly gallery: Gallery
  /** What was told, by the event's name. */
  readonly told: { readonly name: string; readonly payload: unknown }[]
  close(): Promise<void>
}

export const newData = (): Promise<string> => mkdtemp(join(tmpdir(), 'cicerone-gallery-'))

/** A real gallery over a real database; closed after the test. */
export async function opened(data?: string, undoTime = 60_000, tidy = true): Promise<Opened> {
  const folder = data ?? (await newData())
  const database = await openDatabase(join(folder, 'studio.sqlite'))
  const events = new Events()
  const told: Opened['told'] = []
  events.listen((name, payload) => told.push({ name, payload }))
  const gallery = await openGallery({ data: folder, database, events, undoTime, tidy })
  await gallery.tidied
  let closing: Promise<void> | undefined
  const close = () => {
    closing ??= gallery.close().then(() => database.close())
    return closing
  }
  onTestFinished(close)
  return { data: folder, database, gallery, told, close }
}
