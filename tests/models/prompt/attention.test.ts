import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isBreak, parseAttention } from '../../../models/prompt/attention.ts'

const read = (prompt: string) => parseAttention(prompt).map(({ text, weight }) => [text, Number(weight.toFixed(9))])
const escaped = (text: string) => text.replaceAll(/[\\()[\]]/g, '\\$&')
/** Texts in which syntax is frequent. */
const prompts = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(fc.constantFrom('(', ')', '[', ']', ':', '1.3', ' ', '\\', 'a', 'BREAK', '-', '.', '\n'))
    .map(parts => parts.join('')),
)

describe('the grammar of attention', () => {
  it.each([
    [
      'a (b [c) d] e',
      [
        ['a ', 1],
        ['b ', 1.1],
        ['c', 1],
        [' d', 0.909090909],
        [' e', 1],
      ],
    ],
    ['((a)', [['a', 1.21]]],
    ['[[a', [['a', 0.826446281]]],
    [
      '(a:.5) (b:+2) (c:1.)',
      [
        ['a', 0.5],
        [' ', 1],
        ['b', 2],
        [' c', 1],
      ],
    ],
    ['(a:1.2.3)', [['a:1.2.3', 1.1]]],
    ['(a:x)', [['a:x', 1.1]]],
    ['a:1.3) b', [['a:1.3) b', 1]]],
    ['()(:1.3)[]', [['', 1]]],
    ['a \\ b \\x \\', [['a  b x ', 1]]],
    ['\\(a\\:1.2\\)', [['(a:1.2)', 1]]],
    ['BREAKFAST aBREAK BREAK_ éBREAK', [['BREAKFAST aBREAK BREAK_ éBREAK', 1]]],
    [
      'BREAK',
      [
        ['', 1],
        ['BREAK', -1],
        ['', 1],
      ],
    ],
    [
      'a\n BREAK \nBREAK,b',
      [
        ['a', 1],
        ['BREAK', -1],
        ['', 1],
        ['BREAK', -1],
        [',b', 1],
      ],
    ],
  ])('reads %s', (prompt, segments) => {
    expect(read(prompt)).toEqual(segments)
  })

  it("takes BREAK in brackets for a word, as A1111's own rule has it", () => {
    expect(parseAttention('a BREAK b').filter(isBreak)).toHaveLength(1)
    expect(parseAttention('(a BREAK b:1.2)').filter(isBreak)).toHaveLength(0)
  })

  it('takes any text, however many brackets it has', () => {
    fc.assert(
      fc.property(prompts, prompt => {
        const segments = parseAttention(prompt)
        expect(segments.length).toBeGreaterThan(0)
        for (const { weight } of segments) expect(weight).not.toBeNaN()
      }),
    )
    expect(parseAttention('(a'.repeat(10_000)).length).toBeGreaterThan(1)
  })

  it('makes one segment of a text without syntax', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }).filter(text => !/[\\()[\]]|BREAK/.test(text)),
        text => {
          expect(parseAttention(text)).toEqual([{ text, weight: 1 }])
        },
      ),
    )
  })

  it('gives any text back that is escaped with backslashes', () => {
    fc.assert(
      fc.property(
        prompts.filter(text => !text.includes('BREAK')),
        text => {
          expect(parseAttention(escaped(text))).toEqual([{ text, weight: 1 }])
        },
      ),
    )
  })

  it('multiplies what brackets enclose by their weights, one in another', () => {
    const weights = fc.array(fc.constantFrom('0.5', '1.25', '2', '-1'), { minLength: 1, maxLength: 5 })
    fc.assert(
      fc.property(weights, all => {
        const prompt = all.reduce((inner, weight) => `(${inner}:${weight})`, 'word')
        const product = all.reduce((value, weight) => value * Number(weight), 1)
        expect(parseAttention(prompt)).toEqual([{ text: 'word', weight: product }])
      }),
    )
  })

  it('takes time in proportion to a hostile text', () => {
    const begin = performance.now()
    for (const text of [`(a:${'1'.repeat(100_000)}`, `a${' '.repeat(100_000)}b`, 'a'.repeat(100_000)])
      expect(parseAttention(text)).toHaveLength(1)
    expect(parseAttention(`a${' '.repeat(100_000)}BREAK`).map(({ text }) => text)).toEqual(['a', 'BREAK', ''])
    expect(performance.now() - begin).toBeLessThan(2000)
  })
})
