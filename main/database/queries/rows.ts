import type { PictureItem } from '../../../preload/contract/gallery.ts'
import type { Connection } from '../connection.ts'
import { eq, sql } from '../drizzle.ts'
import { generations, pictures, pictureTags, tags } from '../schema.ts'

/** A picture that lies on disk, as it is to be rowed. */
export interface NewPicture extends Omit<typeof pictures.$inferInsert, 'id'> {
  readonly generation?: Omit<typeof generations.$inferInsert, 'picture'> | undefined
  readonly tags?: readonly string[]
  /** The id it had before; it gets another where that is taken. */
  readonly id?: number | undefined
}

/** Ids that a millisecond has room for; more pictures than that spill into the next. */
const idsPerMillisecond = 100

/** Writing and reading the rows that speak of one picture. */
export function pictureRows(db: Connection) {
  const last = db.$client.prepare('SELECT max(id) FROM pictures WHERE id BETWEEN ? AND ?').pluck()
  const taken = db.$client.prepare('SELECT 1 FROM pictures WHERE id = ?').pluck()
  const insertTag = db.$client.prepare('INSERT OR IGNORE INTO tags (name) VALUES (?)')
  const tagPicture = db.$client.prepare(
    'INSERT OR IGNORE INTO picture_tags (picture, tag) SELECT ?, id FROM tags WHERE name = ?',
  )
  const tagsOf = db
    .select({ name: tags.name })
    .from(pictureTags)
    .innerJoin(tags, eq(tags.id, pictureTags.tag))
    .where(eq(pictureTags.picture, sql.placeholder('picture')))
    .orderBy(tags.name)
    .prepare()
  const columns = [
    'id',
    'file',
    'size',
    'width',
    'height',
    'created',
    'starred',
    'colour',
    'base',
    'method',
    'sampler',
    'guidance',
    'steps',
    'seed',
  ] as const
  const insertPicture = db
    .insert(pictures)
    .values(placeholders(columns))
    .onConflictDoNothing({ target: pictures.file })
    .prepare()
  const takeBack = db.$client.prepare('DELETE FROM removed_pictures WHERE file = ?')
  const insertGeneration = db
    .insert(generations)
    .values(placeholders(['picture', 'prompt', 'negative', 'settings', 'passes', 'seconds']))
    .prepare()

  /** The next id in the order of time. */
  function nextId(created: number): number {
    for (let millisecond = Math.max(0, created); ; millisecond++) {
      const start = millisecond * idsPerMillisecond
      const newest = last.get(start, start + idsPerMillisecond - 1) as number | null
      if (newest === null) return start
      if (newest < start + idsPerMillisecond - 1) return newest + 1
    }
  }

  /** Rows a picture, which takes its file out of the journal of removals; nothing where its file has a row already. */
  function insert({ generation, tags = [], id: wanted, ...given }: NewPicture): PictureItem | undefined {
    const id = wanted !== undefined && taken.get(wanted) === undefined ? wanted : nextId(given.created)
    const row = {
      base: null,
      method: null,
      sampler: null,
      guidance: null,
      steps: null,
      seed: null,
      ...given,
      starred: given.starred ?? false,
      colour: given.colour ?? null,
      id,
    }
    if (insertPicture.run(row).changes === 0) return undefined
    // A file that was about to leave the disk is a picture again, and stays
    takeBack.run(row.file)
    if (generation) insertGeneration.run({ passes: null, seconds: null, ...generation, picture: id })
    for (const name of tags) {
      insertTag.run(name)
      tagPicture.run(id, name)
    }
    const { size, width, height, seed, starred, colour, created } = row
    return { id, size, width, height, seed: seed ?? 0, starred, colour, created }
  }

  return { insert, tagsOf: (picture: number): string[] => tagsOf.all({ picture }).map(({ name }) => name) }
}

type Placeholders<K extends string> = { [N in K]: ReturnType<typeof sql.placeholder<N>> }

const placeholders = <const K extends string>(names: readonly K[]): Placeholders<K> =>
  Object.fromEntries(names.map(name => [name, sql.placeholder(name)])) as Placeholders<K>
