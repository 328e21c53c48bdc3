import { isBreak, parseAttention } from './attention.ts'
import type { Piece } from './chunks.ts'
import type { Tokenizer } from './tokenizer.ts'

/** Vectors that stand in a prompt under a name (textual inversion, Gal et al. 2022), for one text encoder. */
export interface PromptEmbedding {
  readonly name: string
  /** Each in the place of one token: f32 [width]. */
  readonly vectors: readonly Float32Array[]
}

/** Those of the names that a prompt names. */
export function namesIn(prompt: string, names: readonly string[]): string[] {
  const found = new Set(parseAttention(prompt).flatMap(({ text }) => split(text, names).map(({ name }) => name)))
  return names.filter(name => found.has(name))
}

/** A prompt in tokens: its weights and breaks as `parseAttention` reads them, names of embeddings as their vectors. */
export function piecesOf(
  prompt: string,
  tokenizer: Pick<Tokenizer, 'encode'>,
  embeddings: readonly PromptEmbedding[] = [],
): Piece[] {
  const names = embeddings.map(({ name }) => name)
  return parseAttention(prompt).flatMap((segment): Piece[] => {
    if (isBreak(segment)) return ['break']
    const { weight } = segment
    return split(segment.text, names).map(({ text, name }) => {
      const named = name === undefined ? undefined : embeddings[names.indexOf(name)]
      return named ? { vectors: named.vectors, weight } : { ids: tokenizer.encode(text), weight }
    })
  })
}

interface Part {
  readonly text: string
  /** Set where the text is a name. */
  readonly name?: string | undefined
}

/**
 * Cuts names out of a text, in any case: as words of their own, as ComfyUI's `embedding:name`, or in the angle brackets
 * of diffusers' tokens. The longest name wins.
 */
function split(text: string, names: readonly string[]): Part[] {
  const known = new Map(names.map(name => [keyOf(name), name]))
  known.delete('')
  if (known.size === 0) return [{ text }]
  const parts: Part[] = []
  let end = 0
  for (const { 0: found, index } of text.matchAll(patternOf([...known.keys()]))) {
    const forms = [found, found.replace(/^embedding:/i, ''), found.replace(/^<(.*)>$/s, '$1')]
    const name = forms.map(form => known.get(keyOf(form))).find(Boolean)
    parts.push({ text: text.slice(end, index) }, { text: found, name })
    end = index + found.length
  }
  return [...parts, { text: text.slice(end) }].filter(({ text }) => text !== '')
}

const keyOf = (name: string): string => name.trim().replaceAll(/\s+/g, ' ').toLowerCase()

function patternOf(names: readonly string[]): RegExp {
  const forms = names
    .toSorted((a, b) => b.length - a.length)
    .map(name => {
      const text = name.split(' ').map(RegExp.escape).join('\\s+')
      const [first = '', last = ''] = [[...name].at(0), [...name].at(-1)]
      return `<${text}>|(?:embedding:|(?<!${sameKind(first)}))${text}(?!${sameKind(last)})`
    })
  return new RegExp(forms.join('|'), 'giu')
}

/** What would make one word of CLIP's with a letter: another letter with a letter, another sign with a sign. */
function sameKind(letter: string): string {
  if (/^\p{L}$/u.test(letter)) return '\\p{L}'
  // A digit is always a word of its own; the class of nothing.
  return /^\p{N}$/u.test(letter) ? '[]' : '[^\\p{L}\\p{N}\\p{White_Space}]'
}
