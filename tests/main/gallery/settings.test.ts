import { expect, test } from 'vitest'
import { formatSettings, parseSettings } from '../../../main/gallery/settings.ts'
import { full, plain } from './examples.ts'

test('reads back what it writes', () => {
  expect(parseSettings(formatSettings(full))).toEqual(full)
  expect(parseSettings(formatSettings(plain))).toEqual(plain)
})

test('writes fields in fixed order, with the schema first', () => {
  const reversed = Object.fromEntries(Object.entries(full).reverse()) as typeof full
  expect(formatSettings(reversed)).toBe(formatSettings(full))
  expect(formatSettings(plain)).toBe(
    '{"schema":1,"prompt":"a cat","negative":"","method":"none","guidance":1,"steps":8,"sampler":"ddim",' +
      '"schedule":"trailing","seed":0,"width":128,"height":96,"base":{"name":"demo"},"version":"0.1.0"}',
  )
})

test('does not write what is no setting', () => {
  expect(() => formatSettings({ ...plain, steps: 0 })).toThrow()
  expect(formatSettings({ ...plain, time: 'noon' } as typeof plain)).not.toContain('noon')
})

test('ignores what a later version may add', () => {
  const text = formatSettings(plain).replace('"seed"', '"tiling":true,"seed"')
  expect(parseSettings(text)).toEqual(plain)
})

test.each([
  '',
  'null',
  '[]',
  '{}',
  'a cat',
  formatSettings(plain).replace('"schema":1', '"schema":2'),
  formatSettings(plain).replace('"seed":0', '"seed":-1'),
])('takes %s for nothing', text => {
  expect(parseSettings(text)).toBeUndefined()
})
