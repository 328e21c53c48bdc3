import type { PictureItem } from '../../../preload/contract/gallery.ts'
import type { Connection } from '../connection.ts'
import { type NewPicture, pictureRows } from './rows.ts'

/**
 * The journal of removals. Pictures leave the gallery at once and wait in the journal, rows and all, until their files
 * have left the disk: a crash at any moment leaves a picture in the one place or the other.
 */
export function removals(db: Connection) {
  const prepare = (text: string) => db.$client.prepare(text)
  const { insert, tagsOf } = pictureRows(db)
  const begin = prepare('INSERT INTO removals (id, created) VALUES (?, ?)')
  const picture = prepare('SELECT * FROM pictures WHERE id = ?')
  const generation = prepare('SELECT prompt, negative, settings, passes, seconds FROM generations WHERE picture = ?')
  const albumsOf = prepare('SELECT album FROM album_pictures WHERE picture = ?').pluck()
  const journal = prepare('INSERT INTO removed_pictures (file, removal, rows) VALUES (?, ?, ?)')
  const remove = prepare('DELETE FROM pictures WHERE id = ?')
  const intoAlbum = prepare(
    'INSERT OR IGNORE INTO album_pictures (album, picture) SELECT id, ? FROM albums WHERE id = ?',
  )
  const find = prepare('SELECT final FROM removals WHERE id = ?')
  const journalled = prepare('SELECT rows FROM removed_pictures WHERE removal = ?').pluck()
  const finalize = prepare('UPDATE removals SET final = 1 WHERE id = ?')
  const rowedAgain = prepare(
    'DELETE FROM removed_pictures WHERE removal = ? AND EXISTS (SELECT 1 FROM pictures WHERE file = removed_pictures.file)',
  )
  const picturesOf = prepare(
    `SELECT json_extract(rows, '$.picture.id') AS id, json_extract(rows, '$.picture.size') AS size, file
      FROM removed_pictures WHERE removal = ?`,
  )
  const gone = prepare('DELETE FROM removed_pictures WHERE file IN (SELECT value FROM json_each(?))')
  const end = prepare('DELETE FROM removals WHERE id NOT IN (SELECT removal FROM removed_pictures)')
  const pending = prepare('SELECT id FROM removals ORDER BY created').pluck()

  return {
    /** Moves pictures out of the gallery; the ids of those that were there. */
    begin(removal: string, ids: readonly number[]): number[] {
      begin.run(removal, Date.now())
      const found = ids.filter(id => {
        const row = picture.get(id) as RemovedRows['picture'] | undefined
        if (!row) return false
        const rows = { picture: row, generation: generation.get(id), tags: tagsOf(id), albums: albumsOf.all(id) }
        journal.run(row.file, removal, JSON.stringify(rows))
        return remove.run(id).changes > 0
      })
      end.run()
      return found
    },
    /** Moves them back; nothing where their files have begun to go. */
    restore(removal: string): PictureItem[] | undefined {
      if ((find.get(removal) as { final: number } | undefined)?.final !== 0) return undefined
      const all = journalled.all(removal).map(text => JSON.parse(text as string) as RemovedRows)
      gone.run(JSON.stringify(all.map(({ picture }) => picture.file)))
      end.run()
      return all.flatMap(({ picture, generation, tags, albums }) => {
        const item = insert({
          ...picture,
          starred: picture.starred === 1,
          tags,
          generation: generation && { ...generation, settings: JSON.parse(generation.settings) },
        })
        for (const album of item ? albums : []) intoAlbum.run(item?.id, album)
        return item ?? []
      })
    },
    /** From here on it cannot be taken back; the pictures that are to go. A file that has a row stays. */
    finalize(removal: string) {
      finalize.run(removal)
      rowedAgain.run(removal)
      return picturesOf.all(removal) as { id: number; size: number; file: string }[]
    },
    /** These files have left the disk; a removal without any is over. */
    gone(files: readonly string[]): void {
      gone.run(JSON.stringify(files))
      end.run()
    },
    /** Removals that are not over, oldest first. */
    pending: (): string[] => pending.all() as string[],
  }
}

/** A picture as the journal has it: rows as SQLite gives them. */
interface RemovedRows {
  readonly picture: Omit<NewPicture, 'starred' | 'id'> & { readonly id: number; readonly starred: number }
  readonly generation:
    | (Omit<NonNullable<NewPicture['generation']>, 'settings'> & { readonly settings: string })
    | undefined
  readonly tags: readonly string[]
  readonly albums: readonly number[]
}
