/** An object as lines `name: value`; long lists are counted and their beginning shown. */
export function asLines(values: object): string {
  return Object.entries(values)
    .map(([name, value]) => `${name}: ${inWords(value)}`)
    .join('\n')
}

const shown = 5

function inWords(value: unknown): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return 'none'
    const more = value.length > shown ? ', ...' : ''
    return `${value.length} (${value.slice(0, shown).map(inWords).join(', ')}${more})`
  }
  if (typeof value !== 'object' || value === null) return String(value ?? 'unknown')
  const entries = Object.entries(value)
  if (entries.length === 0) return 'none'
  return entries.map(([name, inner]) => `\n  ${name}: ${inWords(inner)}`).join('')
}
