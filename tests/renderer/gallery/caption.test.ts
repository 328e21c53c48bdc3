import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatParameters } from '../../../main/gallery/parameters.ts'
import type { PictureSettings } from '../../../main/gallery/settings.ts'
import { samplers } from '../../../models/samplers/index.ts'
import type { PictureDetail, PictureRecord } from '../../../preload/contract/gallery.ts'
import { methodNames, samplerNames, scheduleNames } from '../../../preload/contract/generation.ts'
import { captionLines, settingsText } from '../../../renderer/components/pictures/caption.ts'
import { methodWord, samplerWord, scheduleWord } from '../../../renderer/components/pictures/words.ts'

const settings: PictureRecord = {
  prompt: 'a lighthouse at dusk',
  negative: '',
  method: 'cfg',
  guidance: 7.5,
  steps: 20,
  sampler: 'dpmpp-2m',
  schedule: 'karras',
  seed: 42,
  width: 512,
  height: 768,
  base: { name: 'night walk', hash: '0123456789' },
  version: '0.1.0',
}
const detail: PictureDetail = {
  id: 1,
  width: 512,
  height: 768,
  seed: 42,
  starred: false,
  colour: null,
  created: 0,
  file: '/pictures/a.png',
  size: 1,
  settings,
  tags: ['portrait'],
  passes: 40,
  seconds: 3.456,
}

describe('settingsText', () => {
  it('is the text that the file itself carries', () => {
    const word = fc.oneof(fc.constantFrom('a, b', 'x: y', ' led', '"q"', '', 'line\nbreak'), fc.string())
    fc.assert(
      fc.property(
        fc.record({
          prompt: word,
          negative: word,
          method: fc.constantFrom(...methodNames),
          sampler: fc.constantFrom(...samplerNames, 'Restart'),
          schedule: fc.constantFrom(...scheduleNames, 'exotic'),
          base: fc.record({ name: word, hash: fc.string() }, { requiredKeys: ['name'] }),
          guidance: fc.float({ noNaN: true }),
        }),
        fc.record(
          {
            clipSkip: fc.nat(12),
            strength: fc.float({ noNaN: true }),
            guide: fc.record({ name: word, hash: fc.string() }, { requiredKeys: ['name'] }),
            refresh: fc.nat(9),
            interval: fc.tuple(fc.float({ noNaN: true }), fc.float({ noNaN: true })),
            agreement: fc.float({ noNaN: true }),
            rescale: fc.float({ noNaN: true }),
            vae: fc.record({ name: fc.string(), hash: fc.string() }, { requiredKeys: ['name'] }),
            embeddings: fc.array(fc.record({ name: fc.string(), hash: fc.string() }, { requiredKeys: ['name'] })),
          },
          { requiredKeys: [] },
        ),
        (values, optional) => {
          // The file's record has no field that is there and undefined.
          const all = { ...settings, ...values, ...optional } as PictureRecord
          expect(settingsText(all)).toBe(formatParameters(all as PictureSettings))
        },
      ),
    )
  })
})

describe('captionLines', () => {
  it('says base and method first, then the numbers, then the cost', () => {
    const labels = captionLines(detail).map(line => line.label)
    expect(labels).toEqual([
      'Base',
      'Method',
      'Guidance',
      'Steps',
      'Sampler',
      'Schedule',
      'Seed',
      'Size',
      'Cost',
      'Tag',
    ])
    expect(captionLines(detail).find(line => line.label === 'Cost')?.value).toBe('40 passes · 3.5 s')
    expect(captionLines(detail)[0]?.filter).toBe('base:"night walk"')
  })

  it('leaves out a guidance number that had no effect', () => {
    const lines = captionLines({ ...detail, settings: { ...settings, method: 'none' } })
    expect(lines.some(line => line.label === 'Guidance')).toBe(false)
  })

  it('says how it was guided, in words', () => {
    const said = (change: Partial<PictureRecord>) =>
      captionLines({ ...detail, settings: { ...settings, ...change } }).map(({ label, value }) => `${label}: ${value}`)
    const guided = said({ method: 'guide', guide: { name: 'tiny' }, refresh: 4 })
    expect(guided).toEqual(expect.arrayContaining(['Method: Guide', 'Guide: tiny', 'Corrected: every 4 steps']))
    expect(said({ method: 'guide', guide: { name: 'tiny' }, refresh: 0 }).join()).not.toContain('Corrected')
    expect(said({ method: 'reuse', refresh: 2 })).toContain('Two passes: every 2 steps')
    expect(said({ method: 'interval', interval: [0.28, 5.42] })).toContain('Guided: noise levels 0.28 to 5.42')
    expect(said({ method: 'adaptive', agreement: 0.99 })).toContain('Guided: until both passes agree to 0.99')
    expect(said({ rescale: 0.7 })).toContain('Rescale: 0.7')
    const beside = { vae: { name: 'soft' }, embeddings: [{ name: 'fox' }, { name: 'owl' }] }
    expect(said(beside)).toEqual(expect.arrayContaining(['VAE: soft', 'Embedding: fox', 'Embedding: owl']))
  })

  it('says what little is known of a picture without settings', () => {
    const lines = captionLines({ ...detail, settings: null, passes: null, seconds: null, tags: [] })
    expect(lines).toEqual([{ label: 'Size', value: '512 × 768' }])
  })
})

describe('words', () => {
  it('has a word for every name of the contract', () => {
    for (const [name, { label }] of Object.entries(samplers)) expect(samplerWord(name)).toBe(label)
    expect(scheduleNames.every(name => scheduleWord(name) !== name)).toBe(true)
    expect(methodNames.every(name => methodWord(name) !== name)).toBe(true)
    expect(samplerWord('toString')).toBe('toString')
  })
})
