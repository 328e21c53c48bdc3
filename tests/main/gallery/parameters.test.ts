import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { formatParameters, parseParameters } from '../../../main/gallery/parameters.ts'
import type { PictureSettings } from '../../../main/gallery/settings.ts'
import { samplerNames, scheduleNames } from '../../../preload/contract/generation.ts'
import { full, plain } from './examples.ts'

test('writes what A1111 writes, and its own fields between', () => {
  expect(formatParameters(full)).toBe(
    'a cat,\nwarm light: evening\nNegative prompt: blurry, "low" quality\n' +
      'Steps: 8, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7.5, CFG Rescale: 0.7, Seed: 4294967295, Size: 128x96, ' +
      'Model hash: 0123456789, Model: "demo, \\"second\\"", VAE hash: 9876543210, VAE: soft, TI hashes: "bad, hands: 5: 0011223344, cat toy: ", Clip skip: 2, ' +
      'Denoising strength: 0.55, Guidance method: guide, Guide hash: abcdef0123, Guide: "tiny: one", RNG: CPU, ' +
      'Version: Cicerone Studio 1.2.3',
  )
})

test('writes the line of an empty negative prompt', () => {
  expect(formatParameters(plain)).toBe(
    'a cat\nNegative prompt: \nSteps: 8, Sampler: DDIM, Schedule type: SGM Uniform, CFG scale: 1, Seed: 0, ' +
      'Size: 128x96, Model: demo, Guidance method: none, RNG: CPU, Version: Cicerone Studio 0.1.0',
  )
})

test.each([
  ['euler', 'Euler'],
  ['euler-a', 'Euler a'],
  ['heun', 'Heun'],
  ['lms', 'LMS'],
  ['ddim', 'DDIM'],
  ['pndm', 'PLMS'],
  ['dpmpp-2m', 'DPM++ 2M'],
  ['dpmpp-sde', 'DPM++ SDE'],
  ['dpmpp-2m-sde', 'DPM++ 2M SDE'],
  ['unipc', 'UniPC'],
  ['lcm', 'LCM'],
  ['tcd', 'TCD'],
  ['Restart', 'Restart'],
])('calls the sampler %s %s', (sampler, label) => {
  const text = formatParameters({ ...plain, sampler })
  expect(text).toContain(`Sampler: ${label},`)
  expect(parseParameters(text).settings.sampler).toBe(sampler)
})

test.each([
  ['auto', 'Automatic'],
  ['leading', 'DDIM'],
  ['linspace', 'Normal'],
  ['trailing', 'SGM Uniform'],
  ['karras', 'Karras'],
  ['exponential', 'Exponential'],
  ['beta', 'Beta'],
  ['Polyexponential', 'Polyexponential'],
])('calls the schedule %s %s', (schedule, label) => {
  const text = formatParameters({ ...plain, schedule })
  expect(text).toContain(`Schedule type: ${label},`)
  expect(parseParameters(text).settings.schedule).toBe(schedule)
})

describe('reads back', () => {
  test('what it writes', () => {
    const { predictionType: _, ...written } = full
    expect(parseParameters(formatParameters(full)).settings).toEqual(written)
    expect(parseParameters(formatParameters(plain)).settings).toEqual(plain)
  })

  test('any settings', () => {
    const prompt = fc
      .string({
        unit: fc.oneof(
          fc.constantFrom(',', ':', '"', '\\', '\n', ' ', 'a: b, '),
          fc.string({ unit: 'grapheme', maxLength: 1 }),
        ),
      })
      .filter(text => !text.includes('\r\n') && !/^Negative prompt:/m.test(text))
    const word = fc.string({
      unit: fc.oneof(fc.constantFrom(',', ':', '"', '\\', '\n', ' '), fc.string({ unit: 'binary', maxLength: 1 })),
    })
    const count = fc.integer({ min: 1, max: 100_000 })
    const file = fc.record({ name: word, hash: word }, { requiredKeys: ['name'] })
    const number = fc.double({ noNaN: true, noDefaultInfinity: true }).map(value => value || 0)
    const required = {
      prompt,
      negative: prompt,
      method: word,
      guidance: number,
      steps: count,
      sampler: fc.constantFrom(...samplerNames),
      schedule: fc.constantFrom(...scheduleNames),
      seed: fc.maxSafeNat(),
      width: count,
      height: count,
      base: file,
      version: word,
    }
    const optional = { guide: file, vae: file, clipSkip: count, strength: number, rescale: number }
    const keys = Object.keys(required) as (keyof typeof required)[]
    fc.assert(
      fc.property(fc.record({ ...required, ...optional }, { requiredKeys: keys }), values => {
        expect(parseParameters(formatParameters(values as PictureSettings)).settings).toEqual(values)
      }),
      { numRuns: 500 },
    )
  })
})

describe('reads what others wrote', () => {
  test('A1111 1.10, without a negative prompt', () => {
    const { settings, fields } = parseParameters(
      'a fox, <lora:ink:0.8>\nSteps: 20, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 7, Seed: 965400086, Size: 512x768, ' +
        'Model hash: 6ce0161689, Model: v1-5-pruned-emaonly, Lora hashes: "ink: 0123456789ab, other: 9", Version: v1.10.1\n',
    )
    expect(settings).toEqual({
      prompt: 'a fox, <lora:ink:0.8>',
      negative: '',
      steps: 20,
      sampler: 'dpmpp-2m',
      schedule: 'karras',
      guidance: 7,
      seed: 965400086,
      width: 512,
      height: 768,
      base: { name: 'v1-5-pruned-emaonly', hash: '6ce0161689' },
      version: 'v1.10.1',
    })
    expect(fields.get('Lora hashes')).toBe('ink: 0123456789ab, other: 9')
  })

  test('the schedule behind the sampler, and Windows line ends', () => {
    const { settings } = parseParameters(
      'a\r\nb\r\nNegative prompt: c\r\nd\r\nSteps: 20, Sampler: DPM++ 2M Karras, CFG scale: 7\r\n',
    )
    expect(settings).toEqual({
      prompt: 'a\nb',
      negative: 'c\nd',
      steps: 20,
      sampler: 'dpmpp-2m',
      schedule: 'karras',
      guidance: 7,
    })
  })

  test.each([
    ['DPM++ 2M SDE Exponential', 'dpmpp-2m-sde', 'exponential'],
    ['DPM++ SDE Karras', 'dpmpp-sde', 'karras'],
    ['LMS Karras', 'lms', 'karras'],
    ['DPM++ 3M SDE Karras', 'DPM++ 3M SDE', 'karras'],
  ])('the sampler of old versions, %s', (label, sampler, schedule) => {
    const { settings } = parseParameters(`a\nSteps: 20, Sampler: ${label}, CFG scale: 7`)
    expect(settings).toMatchObject({ sampler, schedule })
  })

  test("guidance rescale, as A1111's extension and SD.Next write it", () => {
    for (const key of ['CFG Rescale', 'CFG rescale'])
      expect(parseParameters(`a\nSteps: 20, CFG scale: 7, ${key}: 0.7`).settings.rescale).toBe(0.7)
  })

  test('a prompt alone, colons and all', () => {
    expect(parseParameters('style: ink, subject: a fox')).toEqual({
      settings: { prompt: 'style: ink, subject: a fox', negative: '' },
      fields: new Map(),
    })
    expect(parseParameters('').settings).toEqual({ prompt: '', negative: '' })
  })

  test('numbers that make no sense are left out', () => {
    const { settings } = parseParameters(
      'a\nSteps: -3, Seed: 1.5, CFG scale: Infinity, Size: 0x-1, Clip skip: 0x10, Denoising strength: , Model: "x',
    )
    expect(settings).toEqual({ prompt: 'a', negative: '', base: { name: '"x' } })
  })
})

describe('takes time in proportion to hostile lines', () => {
  const size = 2_000_000
  test.each([
    ['no colon', 'a '],
    ['colons', 'a:'],
    ['pairs', 'ab: c, '],
    ['open quotes', 'ab: "c, '],
    ['escaped quotes', 'ab: "\\", '],
    ['closed quotes', 'ab: "c" d, '],
    ['spaces', ' '],
    ['line ends', '\n'],
    ['marks', 'Negative prompt:\n'],
  ])('%s', (_, unit) => {
    const lead = 'Steps: 1, Seed: 2, Size: 8x8, Model: "'
    for (const text of [
      unit.repeat(size / unit.length),
      lead + unit.repeat(size / unit.length),
      `${lead}${'\\'.repeat(size)}`,
    ]) {
      const start = performance.now()
      parseParameters(text)
      expect(performance.now() - start).toBeLessThan(3000)
    }
  })
})
