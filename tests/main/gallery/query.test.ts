import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { NewPicture } from '../../../main/database/queries/rows.ts'
import { parseQuery } from '../../../main/gallery/query.ts'
import { opened } from './support.ts'

const nothing = { words: [], negative: [], names: [], numbers: [], starred: false }

test.each([
  ['', {}],
  ['  red   fox ', { words: ['red', 'fox'] }],
  ['"red fox"', { words: ['red fox'] }],
  ['fox fox', { words: ['fox'] }],
  ['base:demo', { names: [{ field: 'base', name: 'demo' }] }],
  [
    'BASE:"my model" tag:x',
    {
      names: [
        { field: 'base', name: 'my model' },
        { field: 'tag', name: 'x' },
      ],
    },
  ],
  ['base:"never closed', { names: [{ field: 'base', name: 'never closed' }] }],
  ['w>4', { numbers: [{ field: 'guidance', relation: '>', value: 4 }] }],
  [
    'guidance<=7.5 steps=20',
    {
      numbers: [
        { field: 'guidance', relation: '<=', value: 7.5 },
        { field: 'steps', relation: '=', value: 20 },
      ],
    },
  ],
  ['seed:42', { numbers: [{ field: 'seed', relation: '=', value: 42 }] }],
  ['star', { starred: true }],
  ['★', { starred: true }],
  ['"star"', { words: ['star'] }],
  ['starry', { words: ['starry'] }],
  ['negative:fog', { negative: ['fog'] }],
  // Still being typed
  ['w> base: seed: negative:', {}],
  ['w>. -- "" "', {}],
  // No tokens
  ['w>x foo:bar', { words: ['w>x', 'foo:bar'] }],
  ['say"hello you"', { words: ['say', 'hello you'] }],
])('reads %j', (text, filter) => {
  expect(parseQuery(text)).toEqual({ ...nothing, ...filter })
})

const bases = ['demo', 'Demo two', 'dreamshaper_8', 'sdxl']
const samplers = ['euler', 'euler-a', 'ddim']
const vocabulary = ['cat', 'cats', 'castle', 'red', 'fox-like', 'w', 'star', 'x1']
const words = fc.array(fc.constantFrom(...vocabulary), { maxLength: 4 })

const picture = fc.record({
  prompt: words,
  negative: words,
  tags: fc.uniqueArray(fc.constantFrom('cat', 'warm light', 'fav'), { maxLength: 2 }),
  base: fc.constantFrom(...bases),
  method: fc.constantFrom('cfg', 'none'),
  sampler: fc.constantFrom(...samplers),
  guidance: fc.integer({ min: 0, max: 16 }).map(half => half / 2),
  steps: fc.integer({ min: 1, max: 30 }),
  seed: fc.integer({ min: 0, max: 5 }),
  starred: fc.boolean(),
})
type Made = typeof picture extends fc.Arbitrary<infer T> ? T : never

/** A token as it is typed, and whether a picture fits it: said anew, with neither parser nor database. */
interface Token {
  readonly text: string
  readonly fits: (picture: Made, all: readonly Made[]) => boolean
}

const partsOf = (text: string): string[] => text.toLowerCase().match(/[a-z0-9]+/g) ?? []
const contains = (text: string, sought: string): boolean => {
  const [have, want] = [partsOf(text), partsOf(sought)]
  return have.some((_, at) =>
    want.every((part, i) => (i === want.length - 1 ? (have[at + i] ?? '').startsWith(part) : have[at + i] === part)),
  )
}
const relations = {
  '<': (a: number, b: number) => a < b,
  '>': (a: number, b: number) => a > b,
  '=': (a: number, b: number) => a === b,
}

const named = (field: 'base' | 'method' | 'sampler', names: readonly string[]): fc.Arbitrary<Token> =>
  fc.constantFrom(...names).map(name => ({
    text: `${field}:"${name}"`,
    fits: (picture, all) => {
      const have = picture[field].toLowerCase()
      const isWhole = all.some(other => other[field].toLowerCase() === name.toLowerCase())
      return isWhole ? have === name.toLowerCase() : have.startsWith(name.toLowerCase())
    },
  }))

const token: fc.Arbitrary<Token> = fc.oneof(
  fc.constantFrom('ca', 'cat', 'CASTLE', 'fox-l', 'x1', 'warm', 'nowhere').map(text => ({
    text,
    fits: ({ prompt, tags }: Made) => [prompt.join(', '), tags.toSorted().join(' ')].some(part => contains(part, text)),
  })),
  fc.constantFrom('fo', 'red').map(text => ({
    text: `negative:${text}`,
    fits: ({ negative }: Made) => contains(negative.join(', '), text),
  })),
  named('base', ['demo', 'DEMO', 'd', 'dream', 'none']),
  named('method', ['cfg', 'none', 'x']),
  named('sampler', ['euler', 'eul', 'ddim']),
  fc.constantFrom<string>('fav', 'warm', 'warm light').map(name => ({
    text: `tag:"${name}"`,
    fits: ({ tags }: Made, all: readonly Made[]) =>
      all.some(other => other.tags.some(tag => tag === name))
        ? tags.some(tag => tag === name)
        : tags.some(tag => tag.startsWith(name)),
  })),
  fc
    .tuple(
      fc.constantFrom(['w', 'guidance'], ['steps', 'steps'], ['seed', 'seed']),
      fc.constantFrom('<', '>', '='),
      fc.nat(16),
    )
    .map(([[text, field], relation, value]) => ({
      text: `${text}${relation}${value}`,
      fits: (picture: Made) => relations[relation as '<'](picture[field as 'steps'], value),
    })),
  fc.constant({ text: '★', fits: ({ starred }: Made) => starred }),
)

const rowOf = ({ prompt, negative, tags, ...rest }: Made, i: number): NewPicture => ({
  ...{ ...rest, tags, file: `pictures/${i}.png`, size: 1, width: 1, height: 1, created: 1_000_000 + (i % 3) },
  generation: { prompt: prompt.join(', '), negative: negative.join(', '), settings: {} },
})

test('finds what a naive filter finds, newest first, page by page', async () => {
  const { gallery, database } = await opened()
  const property = async (made: Made[], tokens: Token[], limit: number) => {
    const rows = made.map(rowOf)
    const items = await database.pictures.add(rows)
    try {
      const query = tokens.map(({ text }) => text).join(' ')
      const fitting = items.filter((_, i) => tokens.every(({ fits }) => fits(made[i] as Made, made)))
      const expected = fitting.map(({ id }) => id).sort((a, b) => b - a)
      const found: number[] = []
      for (let after = null as { created: number; id: number } | null; ; ) {
        const page = await gallery.service.page({ query, after, limit })
        expect([null, expected.length]).toContain(page.total)
        found.push(...page.items.map(({ id }) => id))
        after = page.items.at(-1) ?? null
        if (page.items.length < limit) break
      }
      expect(found).toEqual(expected)
      expect(await gallery.service.count({ query })).toEqual({ total: expected.length })
    } finally {
      await database.pictures.forget(items.map(({ id }) => id))
    }
  }
  const pictures = fc.array(picture, { maxLength: 25 })
  const tokens = fc.array(token, { maxLength: 3 })
  await fc.assert(fc.asyncProperty(pictures, tokens, fc.integer({ min: 1, max: 10 }), property), { numRuns: 300 })
})

test('never throws, whatever is typed', async () => {
  const { gallery, database } = await opened()
  await database.pictures.add([rowOf({ ...fc.sample(picture, { numRuns: 1, seed: 1 })[0] } as Made, 0)])
  const hostile = fc.oneof(
    fc.string({ maxLength: 1000, unit: 'binary' }),
    fc
      .array(
        fc.constantFrom(
          '"',
          "'",
          '*',
          '^',
          ':',
          '(',
          ')',
          'AND',
          'NOT',
          'NEAR(',
          '{prompt}',
          '-',
          ';',
          '--',
          'w>',
          'base:',
          '\0',
          '%',
          '\ud800',
          ' ',
          'é',
          '1e999',
          '9'.repeat(400),
        ),
        { maxLength: 60 },
      )
      .map(parts => parts.join('')),
  )
  const search = async (query: string) => {
    const { items, total } = await gallery.service.page({ query, after: null, limit: 10 })
    expect(total).toBe(items.length)
  }
  await fc.assert(fc.asyncProperty(hostile, search), { numRuns: 500 })
  await search(Array.from({ length: 500 }, (_, i) => String.fromCharCode(0x100 + i)).join(' '))
  await search('a '.repeat(500))
  await search('"'.repeat(1000))
})
