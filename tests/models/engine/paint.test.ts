import { join } from 'node:path'
import sharp from 'sharp'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEngine } from '../../../models/engine/client.ts'
import type { Engine, EngineRequest } from '../../../models/engine/engine.ts'
import { inProcessEngine } from '../../../models/engine/in-process.ts'
import { ModelFault, UserError } from '../../../models/errors.ts'
import { fixture } from '../../support/fixtures.ts'
import { paint, request } from './support.ts'

describe.each([
  ['in a process of its own', createEngine],
  ['in this process', inProcessEngine],
])('the engine %s', (_, create: () => Engine) => {
  let engine: Engine
  beforeAll(() => {
    engine = create()
  })
  afterAll(() => engine.close())

  it('fills in what was left open and counts pictures, seeds and passes', async () => {
    const { pictures, progress } = await paint(engine, request({ count: 2, steps: 3, seed: 2 ** 32 - 1 }))
    expect(pictures.map(({ index, seed, width, height, passes }) => ({ index, seed, width, height, passes }))).toEqual([
      { index: 0, seed: 2 ** 32 - 1, width: 128, height: 128, passes: 6 },
      { index: 1, seed: 0, width: 128, height: 128, passes: 6 },
    ])
    const { base, merges, ...asked } = request({ count: 2, steps: 3, seed: 2 ** 32 - 1 })
    expect(pictures[1]?.settings).toEqual({ ...asked, width: 128, height: 128, sampler: 'ddim' })
    expect(pictures[0]?.pixels).toHaveLength(3 * 128 * 128)
    expect(pictures[0]?.seconds.denoise).toBeGreaterThan(0)
    const told = progress.map(({ phase, picture, step }) => `${phase} ${picture} ${step}`)
    expect(told.filter(line => line.startsWith('denoise'))).toEqual(
      ['0 0', '0 1', '0 2', '0 3', '1 0', '1 1', '1 2', '1 3'].map(line => `denoise ${line}`),
    )
    expect(told[0]).toBe('load 0 0')
    expect(told.at(-1)).toBe('decode 1 3')
    expect(engine.state).toBe('ready')
    expect(engine.memory).toBeGreaterThan(30)
  })

  it('shows what the picture looks like so far', async () => {
    const { pictures, progress } = await paint(engine, request({ steps: 8, seed: 3 }))
    const previews = progress.flatMap(({ preview, step }) => (preview ? [{ preview, step }] : []))
    expect(previews.length).toBeGreaterThan(0)
    for (const { preview } of previews) {
      const { width, height, format } = await sharp(preview).metadata()
      expect({ width, height, format }).toEqual({ width: 128, height: 128, format: 'jpeg' })
    }
    const last = await sharp(previews.at(-1)?.preview).raw().toBuffer()
    expect(deviation(last)).toBeGreaterThan(20)
    expect(correlation(last, pictures[0]?.pixels ?? [])).toBeGreaterThan(0.5)
  })

  it('starts from a picture file', async () => {
    const init = { path: fixture('pipelines', 'sd1-img2img-euler.init.png'), strength: 0.5 }
    const { pictures, progress } = await paint(engine, request({ init }))
    expect(pictures[0]?.passes).toBe(4)
    expect(progress.at(-1)).toMatchObject({ phase: 'decode', steps: 2 })
    const missing = { path: join(fixture('pipelines'), 'none.png'), strength: 0.5 }
    await expect(paint(engine, request({ init: missing }))).rejects.toThrow(UserError)
  })

  it.each<[Partial<EngineRequest>, RegExp, RegExp]>([
    [{ base: fixture('bad-files', 'torch-zip.ckpt') }, /pickle/, /safetensors/],
    [{ base: fixture('bad-files', 'no-such-file') }, /no-such-file does not exist/, /^$/],
    [{ base: fixture('bad-files', 'vae-only.safetensors') }, /VAE/, /^$/],
    [{ clipSkip: 12 }, /Clip skip 12 is more/, /Choose 1 to/],
    [{ width: 68 }, /68 x 128 does not suit/, /divide by 8/],
  ])('says in a sentence what is wrong with %j', async (changes, message, hint) => {
    const error = await paint(engine, request(changes)).catch(error => error)
    expect(error).toBeInstanceOf(UserError)
    expect(error.message).toMatch(message)
    expect(error.hint).toMatch(hint)
  })

  it.each([
    ['its weights are NaN', { base: fixture('bad-files', 'nan-weights.safetensors') }, true],
    ['a parameter is missing', { base: fixture('bad-files', 'missing-tensor.safetensors') }, true],
    ['it is away', { base: fixture('bad-files', 'no-such-file') }, false],
    ['the request does not suit it', { clipSkip: 12 }, false],
    ['the guide is away', { method: 'guide', guide: fixture('no-such-guide') } as const, false],
  ])('blames the base, or does not, where %s', async (_why, changes, isFault) => {
    const error = await paint(engine, request({ steps: 1, ...changes })).catch(error => error)
    expect(error).toBeInstanceOf(UserError)
    expect(error instanceof ModelFault).toBe(isFault)
  })

  it('waits for the picture to be dealt with, and stops where that fails', async () => {
    const order: string[] = []
    await paint(engine, request({ count: 2, steps: 1 }), {
      onProgress: ({ phase, picture, step }) => void (phase === 'denoise' && order.push(`${picture} ${step}`)),
      async onPicture({ index }) {
        await new Promise(resolve => setTimeout(resolve, 300))
        order.push(`taken ${index}`)
      },
    })
    expect(order).toEqual(['0 0', '0 1', 'taken 0', '1 0', '1 1', 'taken 1'])

    const full = new UserError('The disk is full.')
    let pictures = 0
    const onPicture = () => {
      pictures++
      throw full
    }
    await expect(paint(engine, request({ count: 3, steps: 1 }), { onPicture })).rejects.toBe(full)
    expect(pictures).toBe(1)
    const onProgress = () => {
      throw full
    }
    await expect(paint(engine, request(), { onProgress })).rejects.toBe(full)
    await paint(engine, request({ steps: 1 }))
  })

  it('paints in the order of the calls, past those that fail or are cancelled', async () => {
    const order: number[] = []
    const controller = new AbortController()
    const calls = [1, 2, 3, 4].map(seed =>
      paint(engine, request({ seed, steps: 1, ...(seed === 2 && { clipSkip: 12 }) }), {
        onPicture: picture => void order.push(picture.seed),
        signal: seed === 3 ? controller.signal : undefined,
      }).then(
        () => 'done',
        error => error,
      ),
    )
    controller.abort('not wanted')
    expect(await Promise.all(calls)).toEqual(['done', expect.any(UserError), 'not wanted', 'done'])
    expect(order).toEqual([1, 4])
  })
})

it('gives the same bytes in a process of its own as in this one', async () => {
  const [own, here] = [createEngine(), inProcessEngine()]
  try {
    const asked = request({ sampler: 'euler-a', count: 2, negative: 'green' })
    const [a, b] = [await paint(own, asked), await paint(here, asked)]
    expect(a.pictures.map(({ pixels }) => Buffer.from(pixels).toString('base64'))).toEqual(
      b.pictures.map(({ pixels }) => Buffer.from(pixels).toString('base64')),
    )
    expect(a.pictures).toHaveLength(2)
  } finally {
    await Promise.all([own.close(), here.close()])
  }
})

const mean = (values: ArrayLike<number>) => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length

/** Mean product of what two lists differ by from their means. */
function covariance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const [inA, inB] = [mean(a), mean(b)]
  return mean(Array.from(a, (value, i) => (value - inA) * ((b[i] as number) - inB)))
}

const deviation = (values: ArrayLike<number>) => Math.sqrt(covariance(values, values))

const correlation = (a: ArrayLike<number>, b: ArrayLike<number>) => covariance(a, b) / deviation(a) / deviation(b)
