/** A stretch of a prompt and how much it counts; the text `BREAK` with the weight -1 ends a chunk. */
export interface Segment {
  readonly text: string
  readonly weight: number
}

/** What one pair of brackets multiplies by. */
const step = 1.1

/** Escapes, brackets, a weight with the bracket that it closes, and whatever stands between them. */
const syntax = /\\[\\()[\]]?|[([]|:\s*([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*\)|[)\]]|[^\\()[\]:]+|:/g
/** Blanks are looked at once from where they begin, however many there are. */
const breaks = /(?:(?<!\s)\s+)?(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])\s*/u

const breakSegment: Segment = { text: 'BREAK', weight: -1 }

/** Whether a segment ends its chunk. In brackets the word is one like any other, since its weight is not -1 there. */
export const isBreak = ({ text, weight }: Segment): boolean =>
  text === breakSegment.text && weight === breakSegment.weight

/**
 * Reads A1111's attention syntax: `(` multiplies by 1.1, `[` by 1/1.1, `(x:1.3)` by 1.3, for all that the bracket
 * encloses. An unclosed bracket runs to the end; a closer without its opener, or a colon elsewhere, is text; a
 * backslash takes a bracket or a backslash literally. Neighbours of one weight are one segment; there is at least one.
 */
export function parseAttention(prompt: string): Segment[] {
  const segments: { text: string; weight: number }[] = []
  /** Where the brackets of each kind that are still open begin. */
  const open = { '(': [] as number[], '[': [] as number[] }
  const multiply = (from: number | undefined, by: number) => {
    for (const segment of segments.slice(from)) segment.weight *= by
  }
  for (const [token, weight] of prompt.matchAll(syntax)) {
    if (token.startsWith('\\')) segments.push({ text: token.slice(1), weight: 1 })
    else if (token === '(' || token === '[') open[token].push(segments.length)
    else if (weight !== undefined && open['('].length > 0) multiply(open['('].pop(), Number(weight))
    else if (token === ')' && open['('].length > 0) multiply(open['('].pop(), step)
    else if (token === ']' && open['['].length > 0) multiply(open['['].pop(), 1 / step)
    else
      for (const [i, text] of token.split(breaks).entries()) {
        if (i > 0) segments.push({ ...breakSegment })
        segments.push({ text, weight: 1 })
      }
  }
  for (const from of open['(']) multiply(from, step)
  for (const from of open['[']) multiply(from, 1 / step)
  return joined(segments)
}

/** Neighbours of one weight as one. */
function joined(segments: readonly Segment[]): Segment[] {
  const runs: { text: string; weight: number }[] = []
  for (const { text, weight } of segments) {
    const last = runs.at(-1)
    if (last?.weight === weight) last.text += text
    else runs.push({ text, weight })
  }
  return runs.length > 0 ? runs : [{ text: '', weight: 1 }]
}
