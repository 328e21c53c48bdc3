import type { Connection } from '../connection.ts'
import { type NamedField, namesOf } from './names.ts'

/** What pictures are looked for; all of it has to hold. */
export interface PictureFilter {
  /** Each the beginning of a word of the prompt or a tag, or of words that follow each other. */
  readonly words: readonly string[]
  /** The same for the negative prompt. */
  readonly negative: readonly string[]
  /** A name in full where there is such a one, else its beginning; capitals do not count. */
  readonly names: readonly { readonly field: NamedField; readonly name: string }[]
  readonly numbers: readonly {
    readonly field: 'guidance' | 'steps' | 'seed'
    readonly relation: '<' | '<=' | '=' | '>=' | '>'
    readonly value: number
  }[]
  readonly starred: boolean
}

/** A part of a statement and what is bound in it. */
export interface Clause {
  readonly sql: string
  readonly values: readonly (string | number)[]
}

/** A filter as conditions on `pictures`, and where words are looked for on `search`, which then takes all that it can. */
export interface Conditions {
  /** The expression for `search`; nothing where no word is looked for. */
  readonly match: string | undefined
  readonly clauses: readonly Clause[]
}

/** Turns filters into conditions. */
export function conditions(db: Connection): (filter: PictureFilter) => Conditions {
  const valuesOf = namesOf(db)
  return ({ words, negative, names, numbers, starred }) => {
    const named = names.map(({ field, name }) => ({ field, values: valuesOf(field, name) }))
    const numeric = numbers.map(({ field, relation, value }) => ({
      sql: `pictures.${field} ${relation} ?`,
      values: [value],
    }))
    if (words.length + negative.length === 0) {
      const star = starred ? [{ sql: 'pictures.starred = 1', values: [] }] : []
      return { match: undefined, clauses: [...star, ...named.map(namedClause), ...numeric] }
    }
    const parts = [
      ...words.map(word => `{prompt tags} : ${beginning(word)}`),
      ...negative.map(word => `negative : ${beginning(word)}`),
      ...(starred ? ['facets : "s1"'] : []),
      ...named.map(facet),
    ]
    return { match: parts.join(' AND '), clauses: numeric }
  }
}

interface Named {
  readonly field: NamedField
  readonly values: readonly (string | number)[]
}

function namedClause({ field, values }: Named): Clause {
  const list = `(${values.map(() => '?').join(', ')})`
  if (field === 'tag') return { sql: `pictures.id IN (SELECT picture FROM picture_tags WHERE tag IN ${list})`, values }
  return { sql: `pictures.${field} COLLATE NOCASE ${values.length === 1 ? '= ?' : `IN ${list}`}`, values }
}

/** FTS5 reads only what is in quotes as it is. */
const beginning = (word: string): string => `"${word.replaceAll('"', '""')}"*`

const letters: Readonly<Record<NamedField, string>> = { base: 'b', method: 'm', sampler: 'p', tag: 't' }

/** The words that `search_rows` gives these values. */
function facet({ field, values }: Named): string {
  const written = (value: string | number) =>
    typeof value === 'number' ? String(value) : Buffer.from(asciiLower(value)).toString('hex')
  const tokens = values.map(value => `"${letters[field]}${written(value)}"`)
  // No picture has a facet of one letter
  return `facets : (${tokens.length > 0 ? tokens.join(' OR ') : `"${letters[field]}"`})`
}

/** As SQLite's lower() does it. */
const asciiLower = (text: string): string => text.replaceAll(/[A-Z]/g, letter => letter.toLowerCase())
