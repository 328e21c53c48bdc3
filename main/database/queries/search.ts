import type { PictureItem } from '../../../preload/contract/gallery.ts'
import type { Connection } from '../connection.ts'
import { type Clause, conditions, type PictureFilter } from './filter.ts'

/** What the grid has of a row. */
export const shown = 'pictures.id, size, width, height, seed, starred, colour, created'

/** A row of `shown` as the grid has it; a picture without settings has seed 0. */
export function itemOf(row: unknown): PictureItem {
  const { seed, starred, ...rest } = row as Omit<PictureItem, 'seed' | 'starred'> & {
    seed: number | null
    starred: number
  }
  return { ...rest, seed: seed ?? 0, starred: starred === 1 }
}

interface From {
  readonly id: string
  readonly table: string
  readonly where: string
  readonly values: readonly (string | number)[]
  readonly isWordsAlone: boolean
}

/** Finding pictures by what they were made from. */
export function pictureSearch(db: Connection) {
  const conditionsOf = conditions(db)
  const prepared = kept(text => db.$client.prepare(text))
  const changes = db.$client.prepare("SELECT total_changes() || ' ' || data_version FROM pragma_data_version").pluck()
  const counts = new Map<string, number>()
  let countsAt: unknown

  const from = (filter: PictureFilter, more: (id: string) => readonly Clause[] = () => []): From => {
    const { match, clauses } = conditionsOf(filter)
    // Both are the same, but a table can only be walked in the order of its own
    const id = match === undefined ? 'pictures.id' : 'search.rowid'
    const all = [...(match === undefined ? [] : [{ sql: 'search MATCH ?', values: [match] }]), ...clauses, ...more(id)]
    return {
      id,
      table: match === undefined ? 'pictures' : 'search CROSS JOIN pictures ON pictures.id = search.rowid',
      where: all.length > 0 ? `WHERE ${all.map(({ sql }) => sql).join(' AND ')}` : '',
      values: all.flatMap(({ values }) => values),
      isWordsAlone: match !== undefined && clauses.length === 0,
    }
  }

  const count = (filter: PictureFilter): number => {
    const { table, where, values, isWordsAlone } = from(filter)
    // One walk through all rows is shorter than looking up each that the first of several wide conditions lets through
    const walked = table === 'pictures' && isWide(filter) ? 'pictures NOT INDEXED' : table
    const statement = prepared(`SELECT count(*) FROM ${isWordsAlone ? 'search' : walked} ${where}`)
    return statement.pluck().get(...values) as number
  }

  return {
    /** Pictures that a filter finds, newest first, beginning behind the id `after`. */
    page(filter: PictureFilter, after: number | null, limit: number): PictureItem[] {
      const behind = (id: string) => (after === null ? [] : [{ sql: `${id} < ?`, values: [after] }])
      const { id, table, where, values } = from(filter, behind)
      const statement = prepared(`SELECT ${shown} FROM ${table} ${where} ORDER BY ${id} DESC LIMIT ?`)
      return statement.all(...values, limit).map(itemOf)
    },
    /** The files of all that a filter finds, newest first. */
    files(filter: PictureFilter): string[] {
      const { id, table, where, values } = from(filter)
      const statement = prepared(`SELECT file FROM ${table} ${where} ORDER BY ${id} DESC`)
      return statement.pluck().all(...values) as string[]
    },
    /** The number of all that it finds; kept until something is written. */
    count(filter: PictureFilter): number {
      const now = changes.get()
      if (now !== countsAt) counts.clear()
      countsAt = now
      const key = JSON.stringify(filter)
      const known = counts.get(key) ?? count(filter)
      counts.set(key, known)
      return known
    },
  }
}

/** Whether it has several conditions and each is likely to let many pictures through. */
const isWide = ({ starred, names, numbers }: PictureFilter): boolean =>
  names.length + numbers.length > 1 &&
  !starred &&
  names.every(({ field }) => field !== 'tag') &&
  numbers.every(({ field, relation }) => field !== 'seed' || relation !== '=')

/** Remembers the last results of a function by its argument. */
function kept<T>(make: (text: string) => T, most = 100): (text: string) => T {
  const all = new Map<string, T>()
  return text => {
    const found = all.get(text) ?? make(text)
    all.delete(text)
    all.set(text, found)
    const [oldest] = all.keys()
    if (all.size > most && oldest !== undefined) all.delete(oldest)
    return found
  }
}
