import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { namesIn, piecesOf } from '../../../models/prompt/embeddings.ts'

/** Ids are letters, so that what is left of the text can be read. */
const tokenizer = { encode: (text: string) => Array.from(text.trim(), letter => letter.codePointAt(0) as number) }
const vectors = [Float32Array.of(1, 2)]
const read = (prompt: string, ...names: string[]) =>
  piecesOf(
    prompt,
    tokenizer,
    names.map(name => ({ name, vectors })),
  ).map(piece => (piece === 'break' ? piece : 'ids' in piece ? String.fromCodePoint(...piece.ids) : `*${piece.weight}`))

describe('names of embeddings in a prompt', () => {
  it.each([
    ['a cat-toy, blue', ['cat-toy'], ['a', '*1', ', blue']],
    ['a CAT-Toy', ['cat-toy'], ['a', '*1']],
    ['<cat-toy> and <cat>', ['<cat-toy>'], ['*1', 'and <cat>']],
    ['a <cat-toy>!', ['cat-toy'], ['a', '*1', '!']],
    ['embedding:cat-toy', ['cat-toy'], ['*1']],
    ['Embedding:<cat>', ['<cat>'], ['*1']],
    ['(embedding:bad:1.5)', ['bad'], ['*1.5']],
    ['my  style x', ['My style'], ['*1', 'x']],
    ['badly bad badbad', ['bad'], ['badly', '*1', 'badbad']],
    ['bad2 2bad', ['bad'], ['*1', '2 2', '*1']],
    ['bad, bad-hands', ['bad', 'bad-hands'], ['*1', ',', '*1']],
    ['a.b axb', ['a.b'], ['*1', 'axb']],
    ['v1 \\(x\\)', ['v1 (x)'], ['*1']],
    ['(x BREAK y:1.5) BREAK bad', ['bad'], ['x', 'BREAK', 'y', 'break', '*1']],
    ['nothing', ['', ' '], ['nothing']],
  ])('%s', (prompt, names, pieces) => {
    expect(read(prompt, ...names)).toEqual(pieces)
  })

  it('are told in the order in which they were asked for, each once', () => {
    expect(namesIn('(bad:1.2), good, bad, EMBEDDING:fine', ['fine', 'none', 'bad', 'Good'])).toEqual([
      ...['fine', 'bad', 'Good'],
    ])
    expect(namesIn('a bad-hands', ['bad', 'bad-hands'])).toEqual(['bad-hands'])
  })

  it('are found whatever they are made of', () => {
    const names = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 12 })
      .filter(name => /^[^\s<>:\\()[\]]+$/.test(name))
    fc.assert(
      fc.property(names, fc.string({ maxLength: 20 }), (name, other) => {
        expect(namesIn(`a ${name} b`, [name])).toEqual([name])
        namesIn(other, [name])
      }),
    )
  })
})
