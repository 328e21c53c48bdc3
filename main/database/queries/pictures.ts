import type { PictureItem } from '../../../preload/contract/gallery.ts'
import type { Connection } from '../connection.ts'
import { eq, sql } from '../drizzle.ts'
import { generations, pictures as table } from '../schema.ts'
import { type NewPicture, pictureRows } from './rows.ts'
import { itemOf, pictureSearch, shown } from './search.ts'

/** The pictures of the gallery: adding, reading, finding. */
export function pictures(db: Connection) {
  const { insert, tagsOf } = pictureRows(db)
  const one = db
    .select()
    .from(table)
    .leftJoin(generations, eq(generations.picture, table.id))
    .where(eq(table.id, sql.placeholder('id')))
    .prepare()
  const fileOf = db
    .select({ file: table.file, size: table.size })
    .from(table)
    .where(eq(table.id, sql.placeholder('id')))
    .prepare()
  const star = db.$client.prepare(`UPDATE pictures SET starred = $starred
    WHERE id IN (SELECT value FROM json_each($ids)) AND starred <> $starred
    RETURNING ${shown}`)
  const colour = db.$client.prepare('UPDATE pictures SET colour = ? WHERE id = ? AND colour IS NULL')
  const after = db.$client.prepare('SELECT id, file FROM pictures WHERE id > ? ORDER BY id LIMIT ?')
  const known =
    db.$client.prepare(`SELECT value FROM json_each(?) WHERE EXISTS (SELECT 1 FROM pictures WHERE file = value)
    OR EXISTS (SELECT 1 FROM removed_pictures WHERE file = value)`)
  const drop = db.$client.prepare('DELETE FROM pictures WHERE file = ?')
  const forget = db.$client.prepare('DELETE FROM pictures WHERE id IN (SELECT value FROM json_each(?))')

  return {
    ...pictureSearch(db),
    /** Rows pictures; one whose file has a row already is left out. What was added. */
    add: (all: readonly NewPicture[]): PictureItem[] => all.flatMap(picture => insert(picture) ?? []),
    /** Rows a picture anew, whether or not its file has a row already. */
    put(picture: NewPicture): PictureItem {
      drop.run(picture.file)
      const item = insert(picture)
      if (!item) throw new Error(`${picture.file} cannot be rowed.`)
      return item
    },
    /** All that is known of a picture. */
    detail(id: number) {
      const found = one.get({ id })
      return found && { ...found.pictures, generation: found.generations, tags: tagsOf(id) }
    },
    /** A picture's file, below the data folder, and its bytes. */
    file: (id: number): { file: string; size: number } | undefined => fileOf.get({ id }),
    /** Notes the mean colour of a picture that has none yet. */
    setColour(id: number, value: number): void {
      colour.run(value, id)
    },
    /** Marks pictures with a star or takes it off; those that it changed. */
    star: (ids: readonly number[], starred: boolean): PictureItem[] =>
      star.all({ ids: JSON.stringify(ids), starred: Number(starred) }).map(itemOf),
    /** The next pictures in the order of their ids: to look at all of them in turns. */
    after: (id: number, limit: number) => after.all(id, limit) as { id: number; file: string }[],
    /** Which of these files have a row, or had one that may still be taken back. */
    known: (files: readonly string[]): string[] =>
      known.all(JSON.stringify(files)).map(row => (row as { value: string }).value),
    /** Takes the rows of pictures away whose files are gone. */
    forget(ids: readonly number[]): void {
      forget.run(JSON.stringify(ids))
    },
  }
}
