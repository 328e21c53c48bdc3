import { describe, expect, test } from 'vitest'
import {
  createDefaults,
  createValues,
  pictureKey,
  pictureRequest,
  valuesOf,
} from '../../renderer/state/create-values.ts'
import { record } from './studio-end.ts'

const kept = (values: object) => createValues.parse({ ...createDefaults, ...values })

describe("a picture's settings in the panel", () => {
  test.each([
    ['reuse of never', { method: 'reuse', refresh: 0 }, { reuse: 1000 }],
    ['reuse beyond', { method: 'reuse', refresh: 5000 }, { reuse: 1000 }],
    ['reuse below', { method: 'reuse', refresh: -3 }, { reuse: 1 }],
    ['correction beyond', { method: 'guide', refresh: 5000 }, { refresh: 1000 }],
    ['correction below', { method: 'guide', refresh: -1 }, { refresh: 0 }],
    ['levels the wrong way round', { method: 'interval', interval: [5, 1] }, { intervalLow: 1, intervalHigh: 5 }],
    ['levels beyond', { method: 'interval', interval: [-1, 1e6] }, { intervalLow: 0, intervalHigh: 1000 }],
    ['no levels', { method: 'interval', interval: [3, 3] }, { intervalLow: 0.28, intervalHigh: 5.42 }],
    ['agreement', { method: 'adaptive', agreement: 7 }, { agreement: 1 }],
    ['clip skip', { clipSkip: 0 }, { clipSkip: 1 }],
  ] as const)('%s is within its bounds, and is found again after a restart', (_, settings, expected) => {
    const values = valuesOf({ ...record, ...settings } as typeof record)
    expect(values).toMatchObject(expected)
    expect(kept(values)).toEqual({ ...createDefaults, ...values })
  })
})

test('a kept setting that is not possible takes its default and leaves the others', () => {
  const strange = { prompt: 'old', reuse: 0, sampler: 'gone', seed: 2 ** 40, steps: 'many', width: 256 }
  expect(createValues.parse(strange)).toEqual({ ...createDefaults, prompt: 'old', width: 256 })
})

test('no negative prompt and an empty one are told apart, and asked for again', () => {
  const { negative: _, ...none } = { ...record, negative: '' }
  expect(valuesOf(none).negative).toBeNull()
  for (const negative of [null, '']) {
    const values = kept(valuesOf(negative === null ? none : { ...record, negative }))
    expect(values.negative).toBe(negative)
    expect(pictureRequest(values, 512, 512)).toEqual(
      expect.objectContaining(negative === null ? { prompt: record.prompt } : { negative }),
    )
    expect('negative' in pictureRequest(values, 512, 512)).toBe(negative !== null)
  }
})

test('what a picture begins with is part of it, its strength only then', () => {
  const request = { prompt: 'an owl' }
  expect(pictureKey({ ...request, strength: 0.3 })).toBe(pictureKey(request))
  const begun = [{ init: '/a.png' }, { init: '/b.png' }, { init: '/a.png', strength: 0.3 }]
  expect(new Set(begun.map(each => pictureKey({ ...request, ...each }))).size).toBe(3)
})
