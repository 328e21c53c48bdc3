/** An object as lines `name: value`; long lists are counted and their beginning shown. */
export function asLines(values: object, indent = ''): string {
  return Object.entries(values)
    .map(([name, value]) => `${indent}${name}: ${inWords(value, indent)}`)
    .join('\n')
}

const shown = 5

function inWords(value: unknown, indent: string): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return 'none'
    const more = value.length > shown ? ', ...' : ''
    const words = value.slice(0, shown).map(each => inWords(each, indent))
    return `${value.length} (${words.join(', ')}${more})`
  }
  if (typeof value !== 'object' || value === null) return String(value ?? 'unknown')
  return Object.keys(value).length === 0 ? 'none' : `\n${asLines(value, `${indent}  `)}`
}

/** Seconds as a person tells them: `40 s`, `12 min`, `2 h 5 min`. */
export function duration(seconds: number): string {
  const minutes = Math.round(seconds / 60)
  if (minutes < 1) return `${Math.round(seconds)} s`
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
