import type { Connection } from '../connection.ts'

/** What a name can be looked for in. */
export type NamedField = 'base' | 'method' | 'sampler' | 'tag'

interface Named {
  readonly name: string
  /** As the column has it; of a tag its id. */
  readonly value: string | number
}

/** Looks up what a name stands for: what is called just so, else all whose names begin so. */
export function namesOf(db: Connection): (field: NamedField, name: string) => (string | number)[] {
  // Hops from one name to the next instead of walking through all pictures
  const distinct = (field: string) =>
    db.$client.prepare(`WITH RECURSIVE each(name) AS (
      SELECT min(${field} COLLATE NOCASE) FROM pictures UNION ALL
      SELECT (SELECT min(${field} COLLATE NOCASE) FROM pictures WHERE ${field} COLLATE NOCASE > each.name)
      FROM each WHERE each.name IS NOT NULL
    ) SELECT name, name AS value FROM each WHERE name IS NOT NULL`)
  const sources = {
    base: distinct('base'),
    method: distinct('method'),
    sampler: distinct('sampler'),
    tag: db.$client.prepare(
      'SELECT name, id AS value FROM tags WHERE EXISTS (SELECT 1 FROM picture_tags WHERE tag = tags.id)',
    ),
  }
  return (field, name) => {
    const wanted = name.toLowerCase()
    const all = sources[field].all() as Named[]
    const whole = all.filter(({ name }) => name.toLowerCase() === wanted)
    const found = whole.length > 0 ? whole : all.filter(({ name }) => name.toLowerCase().startsWith(wanted))
    return found.map(({ value }) => value)
  }
}
