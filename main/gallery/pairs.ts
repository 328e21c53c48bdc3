/** A key and its value; a pair without a value is not written. */
export type Pair = readonly [key: string, value: string | number | undefined]

/** `Key: value, Key: value`. A value that would be misread is written as a JSON string, which is A1111's rule. */
export function formatPairs(pairs: readonly Pair[]): string {
  return pairs
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => `${key}: ${quoted(String(value))}`)
    .join(', ')
}

function quoted(value: string): string {
  return /[,:\n\r]|^["\s]|\s$|^$/.test(value) ? JSON.stringify(value) : value
}

/** What A1111 takes for a key; ours are shorter than this limit, which is there for hostile lines. */
const keyForm = /^\w[\w \-/]{1,99}$/

/**
 * Reads one line of pairs; what is no pair is skipped, of a repeated key the last counts. Each character is looked at
 * a few times at most, whatever the line holds.
 */
export function parsePairs(line: string): Map<string, string> {
  const pairs = new Map<string, string>()
  let at = 0
  for (let colon = line.indexOf(':'); colon >= 0; colon = line.indexOf(':', at)) {
    const key = line.slice(Math.max(at, line.lastIndexOf(',', colon) + 1), colon).trim()
    const quote = quoteEnd(line, colon + 1)
    const end = quote ?? commaFrom(line, colon + 1)
    const value = line.slice(colon + 1, end).trim()
    if (keyForm.test(key)) pairs.set(key, quote === undefined ? value : unquoted(value))
    at = end + 1
  }
  return pairs
}

const commaFrom = (line: string, from: number): number => {
  const comma = line.indexOf(',', from)
  return comma < 0 ? line.length : comma
}

/** Where a value ends that begins with a quote: at the comma or the end of the line behind the closing quote. */
function quoteEnd(line: string, from: number): number | undefined {
  let i = skipSpace(line, from)
  if (line[i] !== '"') return undefined
  for (i++; i < line.length && line[i] !== '"'; i++) if (line[i] === '\\') i++
  const end = skipSpace(line, i + 1)
  return i < line.length && (end === line.length || line[end] === ',') ? end : undefined
}

function skipSpace(line: string, from: number): number {
  let i = from
  while (i < line.length && /\s/.test(line.charAt(i))) i++
  return i
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text))
  } catch {
    return text
  }
}
