import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isToken, nameToken, parts, queryOf, settle } from '../../../renderer/views/gallery/query.ts'

describe('search field', () => {
  it('makes a chip of a token once a space follows', () => {
    expect(settle({ chips: [], text: 'cat base:card' })).toEqual({ chips: [], text: 'cat base:card' })
    expect(settle({ chips: [], text: 'cat base:card ' })).toEqual({ chips: ['base:card'], text: 'cat ' })
    expect(settle({ chips: ['star'], text: 'w>4 steps<=20 red' })).toEqual({
      chips: ['star', 'w>4', 'steps<=20'],
      text: 'red',
    })
  })

  it('makes chips of all tokens when the person is done', () => {
    expect(settle({ chips: [], text: 'cat ★' }, true)).toEqual({ chips: ['★'], text: 'cat' })
  })

  it('waits for the end of a quote', () => {
    expect(settle({ chips: [], text: 'base:"my ' }).chips).toEqual([])
    expect(settle({ chips: [], text: 'base:"my model" ' }).chips).toEqual(['base:"my model"'])
  })

  it('leaves words and half tokens alone', () => {
    for (const word of ['cat', 'base:', 'w>', 'w>x', 'stars', 'seed:abc', 'http://x']) expect(isToken(word)).toBe(false)
    for (const token of ['w>4', 'w=7.5', 'seed:42', 'steps>10', 'tag:x', 'star', '★']) expect(isToken(token)).toBe(true)
  })

  it('never loses or adds a part of the query, but for repeated chips', () => {
    const part = fc.constantFrom('cat', 'star', 'w>4', 'base:a', 'base:"a b"', 'dog', 'w>')
    const space = fc.constantFrom(' ', '  ')
    fc.assert(
      fc.property(fc.array(fc.tuple(part, space)), fc.boolean(), (written, done) => {
        const text = written.flat().join('')
        const before = new Set(parts(text))
        expect(new Set(parts(queryOf(settle({ chips: [], text }, done))))).toEqual(before)
      }),
    )
  })

  it('quotes names with spaces', () => {
    expect(nameToken('base', 'card')).toBe('base:card')
    expect(nameToken('base', 'my "best" model')).toBe('base:"my best model"')
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }).filter(name => name.replaceAll('"', '').trim() !== ''),
        name => {
          expect(parts(nameToken('base', name.trim()))).toHaveLength(1)
        },
      ),
    )
  })
})
