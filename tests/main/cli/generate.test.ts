import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseParameters } from '../../../main/gallery/parameters.ts'
import { readPngText } from '../../../main/gallery/png.ts'
import { fixture } from '../../support/fixtures.ts'
import { loadTensors } from '../../support/safetensors.ts'
import { cicerone, start } from './cicerone.ts'

const strawberry = 'a strawberry on a blue background'

describe('cicerone generate', () => {
  let folder = ''
  const at = (name: string) => join(folder, name)
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'cicerone-generate-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('paints a strawberry on blue, twice the same bytes', async () => {
    const [first, second] = await Promise.all(
      ['a.png', 'b.png'].map(name => cicerone('generate', strawberry, '--seed', '7', '--out', at(name), '--json')),
    )
    expect(first?.code).toBe(0)
    expect(second?.code).toBe(0)
    const told = JSON.parse(first?.stdout ?? '')
    expect(told.pictures).toEqual([{ path: at('a.png'), seed: 7, width: 128, height: 128 }])
    expect(told).toMatchObject({ method: 'guide', passes: 20 })
    expect(Object.keys(told.seconds)).toEqual(['start', 'load', 'text', 'denoise', 'decode', 'total'])
    expect((await readFile(at('a.png'))).equals(await readFile(at('b.png')))).toBe(true)

    const { data } = await sharp(at('a.png')).removeAlpha().raw().toBuffer({ resolveWithObject: true })
    const pixel = (x: number, y: number) =>
      [...data.subarray((y * 128 + x) * 3, (y * 128 + x) * 3 + 3)] as [number, number, number]
    for (const [x, y] of [
      [4, 4],
      [123, 4],
      [4, 123],
      [123, 123],
    ] as const) {
      const [red, , blue] = pixel(x, y)
      expect(blue).toBeGreaterThan(red + 80)
    }
    const [red, , blue] = pixel(64, 64)
    expect(red).toBeGreaterThan(blue + 80)
  })

  it('tells the picture how it was made', async () => {
    await cicerone(
      ...['generate', strawberry, '--negative', 'grüner Tee', '--seed', '3', '--steps', '2', '--method', 'cfg'],
      ...['--sampler', 'heun', '--schedule', 'karras', '--rescale', '0.7', '--out', at('c.png')],
    )
    const texts = await readPngText(at('c.png'))
    const { settings } = parseParameters(texts.get('parameters') ?? '')
    const asked = {
      ...{ prompt: strawberry, negative: 'grüner Tee', seed: 3, steps: 2, sampler: 'heun', guidance: 5 },
      ...{ method: 'cfg', schedule: 'karras', rescale: 0.7 },
    }
    expect(settings).toMatchObject(asked)
    expect(JSON.parse(texts.get('cicerone') ?? '')).toMatchObject({ schema: 1, ...asked, base: { name: 'demo' } })
    const { stdout } = await cicerone('inspect', at('c.png'), '--json')
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'picture', settings: asked })
  })

  it('gives picture i of a batch the seed + i, as if it were alone', async () => {
    const asked = ['generate', strawberry, '--steps', '2', '--sampler', 'euler-a']
    await cicerone(...asked, '--seed', '4294967295', '--count', '2', '--out', at('batch.png'), '--json')
    await cicerone(...asked, '--seed', '4294967295', '--out', at('first.png'))
    expect((await readFile(at('batch-1.png'))).equals(await readFile(at('first.png')))).toBe(true)
    const { seed } = JSON.parse((await readPngText(at('batch-2.png'))).get('cicerone') ?? '')
    expect(seed).toBe(0)
  })

  it.each([
    ['sd1-euler-g7.5', 'sd1-tiny', 'a photo of a cat, warm light', 'blurry, low quality', 'euler', '7.5', '1002', '96'],
    ['sd2-v', 'sd2-tiny', 'a lighthouse at night', 'people', 'ddim', '5', '11', '64'],
    ['sdxl-euler', 'sdxl-tiny', 'a bowl of ramen, studio photo', 'ugly', 'euler', '5', '21', '64'],
  ])(
    'dumps what a test needs to compare, and agrees with diffusers: %s',
    async (run, base, prompt, negative, ...how) => {
      const [sampler, guidance, seed, side] = how
      const { code } = await cicerone(
        ...[
          'generate',
          prompt,
          '--negative',
          negative,
          '--method',
          'cfg',
          '--base',
          fixture(base, `${base}.safetensors`),
        ],
        ...['--guidance', guidance, '--sampler', sampler, '--schedule', 'leading', '--steps', '8', '--seed', seed],
        ...['--width', side, '--height', side, '--out', at('d.png'), '--dump', at('d.safetensors')],
      )
      expect(code).toBe(0)
      const got = await loadTensors(at('d.safetensors'))
      const want = await loadTensors(fixture('pipelines', `${run}.expected.safetensors`))
      expect([...got.keys()].toSorted()).toEqual(['context', 'image', 'latents', 'noise.0', 'timesteps'])
      for (const [key, { shape, data }] of got) {
        expect(shape, key).toEqual(want.get(key)?.shape)
        const recorded = Array.from(want.get(key)?.data as ArrayLike<number>, Number)
        const largest = Math.max(...recorded.map(Math.abs))
        data.forEach((value, i) => {
          const error = Math.abs(Number(value) - (recorded[i] as number))
          if (error > 1e-4 * largest) expect.fail(`${key}[${i}] is ${value}, not ${recorded[i]}`)
        })
      }
    },
  )

  it.each([
    [['--steps', '-3'], '--steps: must be a whole number from 1 to 1000.'],
    [['--out', 'picture.jpg'], '--out: must end in .png.'],
    [['--fast'], "unknown option '--fast'"],
  ])('%j is wrong usage: exit 2, what is allowed, nothing written', async (args, sentence) => {
    const { code, stdout, stderr } = await cicerone('generate', 'a cat', '--data-dir', at('none'), '--json', ...args)
    expect(code).toBe(2)
    expect(stderr).toContain(sentence)
    expect(JSON.parse(stdout)).toEqual({ error: expect.stringContaining(sentence), hint: expect.any(String) })
    expect(await readdir(folder)).not.toContain('none')
  })

  it('fails with one sentence and writes nothing where the base is no model', async () => {
    for (const [file, sentence] of [
      ['page.safetensors', 'web page'],
      ['torch-zip.ckpt', 'pickle'],
      ['missing-tensor.safetensors', 'lacks model.diffusion_model.middle_block.1'],
      ['no-such-file.safetensors', 'no-such-file.safetensors'],
    ] as const) {
      const args = ['--base', fixture('bad-files', file), '--data-dir', at('bad'), '--json', '--out', at('bad.png')]
      const { code, stdout, stderr } = await cicerone('generate', 'a cat', ...args)
      expect(code).toBe(1)
      expect(JSON.parse(stdout).error).toContain(sentence)
      expect(stderr).toContain(JSON.parse(stdout).error)
    }
    expect(await readdir(folder)).not.toContain('bad.png')
  })

  it('says before painting that a place cannot be written to', async () => {
    const { code, stderr, stdout } = await cicerone('generate', 'a cat', '--out', at('a.png/inside.png'), '--json')
    expect(code).toBe(1)
    expect(JSON.parse(stdout).error).toContain('a part of the path is a file')
    expect(stderr).not.toContain('steps')
  })

  it('stops within a pass on Ctrl+C: exit 130, no picture', async () => {
    const { child, ended } = start('generate', strawberry, '--steps', '1000', '--out', at('stopped.png'))
    await new Promise<void>(resolve => child.stderr?.on('data', part => String(part).includes('/1000') && resolve()))
    await new Promise(resolve => setTimeout(resolve, 1500))
    const begin = performance.now()
    child.kill('SIGINT')
    const { code, stderr } = await ended
    expect(code).toBe(130)
    expect(performance.now() - begin).toBeLessThan(2000)
    expect(stderr).toContain('Cancelled.')
    expect((await readdir(folder)).filter(name => name.includes('stopped') || name.endsWith('.part'))).toEqual([])
  })
})
