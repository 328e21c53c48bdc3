import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readPngText } from '../../../main/gallery/png.ts'
import { fixture } from '../../support/fixtures.ts'
import { cicerone } from './cicerone.ts'

const side = 64

describe('cicerone generate over a picture', { timeout: 120_000 }, () => {
  let folder = ''
  const at = (name: string) => join(folder, name)
  const init = fixture('inpainting', 'sd1-mask-euler.init.png')
  const grey = (name: string, value: (x: number, y: number) => number) =>
    sharp(Buffer.from(Uint8Array.from({ length: side ** 2 }, (_, i) => value(i % side, Math.floor(i / side)))), {
      raw: { width: side, height: side, channels: 1 },
    })
      .png()
      .toFile(at(name))
  const generate = (...args: string[]) =>
    cicerone('generate', 'a lemon', '--steps', '2', '--seed', '4', ...['--width', '64', '--height', '64'], ...args)
  const pixels = (path: string) => sharp(path).removeAlpha().raw().toBuffer()

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cicerone-inpainting-'))
    await grey('right.png', x => (x < 32 ? 0 : 255))
    await grey('black.png', () => 0)
    await sharp(init).gif().toFile(at('init.gif'))
    await writeFile(
      at('init.svg'),
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>',
    )
    await writeFile(at('noise.png'), 'no picture')
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('keeps the pixels of what is black, paints what is white anew, and says so in the picture', async () => {
    const { code, stderr } = await generate('--init', init, '--mask', at('right.png'), '--out', at('a.png'))
    expect([code, stderr]).toEqual([0, expect.any(String)])
    const [before, after] = [await pixels(init), await pixels(at('a.png'))]
    const same = [...after].map((byte, i) => byte === before[i])
    const isKept = (_: unknown, i: number) => Math.floor(i / 3) % side < 32
    expect(same.filter(isKept).every(Boolean)).toBe(true)
    expect(same.filter((each, i) => !isKept(each, i) && each).length).toBeLessThan(same.length / 4)
    const texts = await readPngText(at('a.png'))
    expect(texts.get('parameters')).toContain('Denoising strength: 1, Mask blur: 0')
    expect(JSON.parse(texts.get('cicerone') ?? '')).toMatchObject({ init, mask: at('right.png'), strength: 1 })
  })

  it.each([
    [['--mask', 'x.png'], '--mask: needs --init, the picture to start from.'],
    [['--strength', '0.5'], '--strength: needs --init, the picture to start from.'],
  ])('takes %j without a picture for wrong usage', async (args, sentence) => {
    const { code, stderr } = await generate(...args)
    expect([code, stderr.trim()]).toEqual([2, sentence])
  })

  it.each([
    ['init.gif', 'right.png', 'is a GIF file. Choose a PNG, JPEG or WebP file.'],
    ['init.svg', 'right.png', 'is a SVG file. Choose a PNG, JPEG or WebP file.'],
    ['right.png', 'noise.png', 'noise.png cannot be read as a picture. Choose a PNG, JPEG or WebP file.'],
    ['right.png', 'black.png', 'The mask keeps the whole picture'],
  ])('says in one sentence that it does not take %s with the mask %s', async (picture, mask, sentence) => {
    const { code, stderr } = await generate('--init', at(picture), '--mask', at(mask), '--out', at('b.png'))
    expect(code).toBe(1)
    expect(stderr).toContain(sentence)
  })

  it('takes no step at a strength of almost nothing', async () => {
    const { code, stdout } = await generate('--init', init, '--strength', '0.01', '--out', at('c.png'), '--json')
    expect(code).toBe(0)
    expect(JSON.parse(stdout).passes).toBe(0)
  })
})
