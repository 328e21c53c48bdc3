import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseParameters } from '../../../main/gallery/parameters.ts'
import { readPngText } from '../../../main/gallery/png.ts'
import { shipped } from '../../../main/paths.ts'
import { fixture } from '../../support/fixtures.ts'
import { loadTensors } from '../../support/safetensors.ts'
import { cicerone } from './cicerone.ts'

describe('cicerone generate with a guidance method', () => {
  let folder = ''
  const at = (name: string) => join(folder, name)
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cicerone-guide-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function paint(...options: string[]) {
    const place = ['--steps', '8', '--seed', '1', '--guidance', '4', '--out', at('a.png'), '--json']
    const { code, stdout } = await cicerone('generate', 'a lemon', ...place, ...options)
    return { code, told: JSON.parse(stdout) }
  }

  it.each([
    [['--method', 'guide', '--refresh', '4'], 10, { method: 'guide', refresh: 4, guide: { name: 'demo-guide' } }],
    [['--method', 'reuse'], 12, { method: 'reuse', refresh: 2 }],
    [['--method', 'interval', '--interval', '0.5,3'], 12, { method: 'interval', interval: [0.5, 3] }],
    [['--method', 'adaptive', '--agreement', '-1'], 9, { method: 'adaptive', agreement: -1 }],
  ])('%j takes %i passes, and the picture says how it was made', async (options, passes, recorded) => {
    const { code, told } = await paint(...options)
    expect(code).toBe(0)
    expect(told.passes).toBe(passes)
    const text = await readPngText(at('a.png'))
    expect(JSON.parse(text.get('cicerone') ?? '')).toMatchObject(recorded)
    // Other programs' text says the same.
    expect(parseParameters(text.get('parameters') ?? '').settings).toMatchObject(recorded)
  })

  it.each([
    [['--method', 'cfg', '--guide', 'demo-guide'], '--guide: the method cfg takes none.'],
    [['--method', 'interval', '--interval', '1'], 'interval: must be two noise levels, the lower one first'],
    [['--method', 'interval', '--interval', '5,1'], 'interval: must be two noise levels, the lower one first'],
  ])('%j is refused in one sentence', async (options, sentence) => {
    const { code, stderr } = await cicerone('generate', 'a lemon', '--out', at('b.png'), ...options)
    expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)])
  })

  it.each([
    ['9', ''],
    ['12', 'trained for guidance scales from 1 to 9; at 12 it may be far from CFG.'],
  ])('says where a guide was not trained for w = %s', async (w, sentence) => {
    const place = ['--steps', '1', '--out', at('c.png'), '--method', 'guide', '--guidance', w]
    const { code, stderr } = await cicerone('generate', 'a lemon', ...place)
    expect(code).toBe(0)
    expect(stderr.includes('trained')).toBe(sentence !== '')
    expect(stderr).toContain(sentence)
  })

  it('fits by what the base is said to predict, not by what its file says', async () => {
    const place = ['--steps', '1', '--out', at('d.png')]
    const asked = ['--method', 'guide', '--prediction', 'epsilon']
    const { code, stderr } = await cicerone('generate', 'a lemon', ...place, ...asked, '--guide', shipped.guide)
    expect([code, stderr]).toEqual([
      1,
      expect.stringContaining("(predictionType) is v_prediction, the base's is epsilon."),
    ])
    expect((await cicerone('generate', 'a lemon', ...place, '--method', 'guide', '--prediction', 'v')).code).toBe(0)
  })

  it('guides from the first step where the upper noise level is 1000', async () => {
    expect((await paint('--method', 'interval', '--interval', '0,1000')).told.passes).toBe(16)
  })

  it('is the base at w = 1, bit by bit', async () => {
    const image = async (method: string) => {
      await paint('--method', method, '--guidance', '1', '--dump', at(`${method}.safetensors`))
      return (await loadTensors(at(`${method}.safetensors`))).get('image')?.data
    }
    expect(await image('guide')).toEqual(await image('none'))
  })

  it('takes the guide that is named, also by a path', async () => {
    const [own, named] = ['lora1', 'tap1'].map(kind => fixture('family', `guide-${kind}.safetensors`))
    await paint('--guide', own ?? '')
    const first = await readFile(at('a.png'))
    await paint('--guide', named ?? '')
    expect((await readFile(at('a.png'))).equals(first)).toBe(false)
    expect(JSON.parse((await readPngText(at('a.png'))).get('cicerone') ?? '').guide).toMatchObject({
      name: 'guide-tap1',
    })
  })

  it('refuses a guide for another base in one sentence that names the field', async () => {
    const base = ['--base', fixture('sd1-tiny', 'folder')]
    const { code, told } = await paint(...base, '--guide', fixture('family', 'guide-tap1.safetensors'))
    expect(code).toBe(1)
    expect(told.error).toBe(
      "The guide does not fit this base: its width of the text states (crossAttentionDim) is 128, the base's is 64.",
    )
    expect((await paint(...base, '--method', 'guide')).told.error).toBe('There is no guide that fits this base.')
    // Without a wish it is painted by two passes.
    const { told: plain } = await paint(...base, '--width', '64', '--height', '64')
    expect(plain).toMatchObject({ method: 'cfg', passes: 16 })
  })

  it.each([
    ['--interval', '3,1', 'must be two noise levels, the lower one first'],
    ['--refresh', '-1', 'must be a whole number from 0 to 1000'],
    ['--agreement', '2', 'must be a number from -1 to 1'],
    ['--method', 'magic', 'must be one of guide, cfg, none, interval, adaptive, reuse'],
  ])('%s %s is wrong usage', async (option, value, sentence) => {
    const { code, told } = await paint(option, value)
    expect(code).toBe(2)
    expect(told.error).toContain(sentence)
  })
})
