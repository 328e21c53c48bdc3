import type { PictureFilter } from '../database/queries/filter.ts'

/** A run without spaces, a text in quotes, or both: `base:"my model"`. */
const tokens = /([^\s"]*)"([^"]*)"?|[^\s"]+/g
const nameForm = /^(base|method|sampler|tag|negative):(.*)$/is
const numberForm = /^(w|guidance|steps|seed)(<=|>=|<|>|=|:)(\d*\.?\d*)$/i
/** What full-text search takes for a part of a word. */
const wordPart = /[\p{L}\p{N}\p{Co}]/u

type Relation = PictureFilter['numbers'][number]['relation']
type Mutable<T> = { -readonly [K in keyof T]: T[K] extends readonly (infer I)[] ? I[] : T[K] }

/**
 * Reads what a person types into the search field (see `galleryQuery`). Nothing is refused: a token that is still being
 * typed (`w>`, `base:`) asks for nothing, and what is no token is looked for as words. A text in quotes is
 * always words, in their order.
 */
export function parseQuery(text: string): PictureFilter {
  const filter: Mutable<PictureFilter> = { words: [], negative: [], names: [], numbers: [], starred: false }
  for (const [whole, before = '', quoted] of text.replaceAll('\0', ' ').matchAll(tokens)) {
    if (quoted === undefined) take(filter, whole)
    else if (/^\w+:$/.test(before) && nameForm.test(before)) take(filter, before + quoted)
    else {
      if (before) take(filter, before)
      takeWords(filter.words, quoted)
    }
  }
  return filter
}

function take(filter: Mutable<PictureFilter>, token: string): void {
  if (token === '★' || token.toLowerCase() === 'star') {
    filter.starred = true
    return
  }
  const [, number, relation, value] = numberForm.exec(token) ?? []
  const [, field, name] = nameForm.exec(token) ?? []
  if (number !== undefined && relation !== undefined) takeNumber(filter, number, relation, value)
  else if (field !== undefined && name !== undefined) takeName(filter, field.toLowerCase(), name.trim())
  else takeWords(filter.words, token)
}

function takeNumber(filter: Mutable<PictureFilter>, name: string, relation: string, text = ''): void {
  if (!/\d/.test(text)) return
  const lower = name.toLowerCase()
  filter.numbers.push({
    field: lower === 'steps' || lower === 'seed' ? lower : 'guidance',
    relation: (relation === ':' ? '=' : relation) as Relation,
    value: Number(text),
  })
}

function takeName(filter: Mutable<PictureFilter>, field: string, name: string): void {
  if (name === '') return
  if (field === 'negative') takeWords(filter.negative, name)
  else filter.names.push({ field: field as PictureFilter['names'][number]['field'], name })
}

function takeWords(words: string[], text: string): void {
  if (wordPart.test(text) && !words.includes(text)) words.push(text)
}
