/** What can be looked for besides words, as the help shows it. */
export const tokenHelp: readonly { token: string; means: string; example: string }[] = [
  { token: 'star', means: 'starred pictures', example: '★' },
  { token: 'base:', means: 'base', example: 'base:card' },
  { token: 'method:', means: 'guidance method', example: 'method:cfg' },
  { token: 'sampler:', means: 'sampler', example: 'sampler:euler' },
  { token: 'tag:', means: 'tag', example: 'tag:portrait' },
  { token: 'negative:', means: 'negative prompt', example: 'negative:text' },
  { token: 'seed:', means: 'seed', example: 'seed:42' },
  { token: 'w>', means: 'guidance: > < =', example: 'w>4' },
  { token: 'steps>', means: 'steps: > < =', example: 'steps<20' },
]

const named = /^(?:base|method|sampler|tag|negative):(?:"[^"]+"|[^\s"]+)$/i
const numbered = /^(?:w|guidance|steps|seed)(?:>=|<=|[><=:])\d*[.]?\d+$/i
const starred = /^(?:star|★)$/i

/** Whether a part of a query is a whole token rather than a word. */
export const isToken = (part: string): boolean => named.test(part) || numbered.test(part) || starred.test(part)

/** Cuts a query at its spaces; what stands in double quotes stays together. */
export const parts = (query: string): string[] => query.match(/(?:[^\s"]|"[^"]*"?)+/g) ?? []

/** A query as the search field shows it: tokens as chips, the rest as text. */
export interface Search {
  readonly chips: readonly string[]
  readonly text: string
}

/** The query that a search field stands for. */
export const queryOf = (search: Search): string => [...search.chips, search.text.trim()].filter(Boolean).join(' ')

/** Makes chips of the tokens that the person has finished: those with a space behind them, or all when `done`. */
export function settle(search: Search, done = false): Search {
  const { text } = search
  const finished = done ? text.length : text.search(/\S*$/)
  // An open quote is still being written.
  if (!done && (text.split('"').length - 1) % 2 === 1) return search
  const found = parts(text.slice(0, finished)).filter(isToken)
  if (found.length === 0) return search
  const words = parts(text.slice(0, finished)).filter(part => !isToken(part))
  const rest = text.slice(finished)
  const before = words.length > 0 && !done ? `${words.join(' ')} ` : words.join(' ')
  return { chips: [...new Set([...search.chips, ...found])], text: before + rest }
}

/** The token for a name, in quotes where it has spaces. */
export const nameToken = (key: 'base' | 'method' | 'sampler' | 'tag', name: string): string => {
  const plain = name.replaceAll('"', '')
  return /\s/.test(plain) ? `${key}:"${plain}"` : `${key}:${plain}`
}
