import { expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { assemble } from '../../../models/pipelines/assemble.ts'
import { fitColours, LatentColours } from '../../../models/pipelines/colours.ts'
import { generate, type Latent } from '../../../models/pipelines/generate.ts'
import type { GenerateSettings } from '../../../models/pipelines/settings.ts'
import { Generator } from '../../../models/tensor/random.ts'

it('finds the colours of a VAE that is a straight line', () => {
  const [h, w, factor] = [5, 7, 2]
  const line = [
    [0.1, -0.05, 0.02, 0.5],
    [0, 0.08, -0.1, 0.4],
    [-0.07, 0.03, 0.09, 0.6],
  ] as const
  const latent: Latent = { data: new Generator(1).normals(3 * h * w), shape: [1, 3, h, w] }
  const colour = (row: readonly number[], cell: number) =>
    row.reduce((sum, share, i) => sum + share * (i === 3 ? 1 : (latent.data[i * h * w + cell] as number)), 0)
  const cellOf = (pixel: number) => {
    const [y, x] = [Math.floor(pixel / (w * factor)), pixel % (w * factor)]
    return Math.floor(y / factor) * w + Math.floor(x / factor)
  }
  const picture = Float32Array.from(
    line.flatMap(row => Array.from({ length: h * w * factor ** 2 }, (_, pixel) => colour(row, cellOf(pixel)))),
  )
  const colours = new LatentColours(3, factor)
  colours.learn(latent, picture)
  const { width, height, pixels } = colours.of(latent)
  expect([width, height]).toEqual([w, h])
  for (let cell = 0; cell < h * w; cell++) {
    for (const [i, row] of line.entries())
      expect(Math.abs((pixels[cell * 3 + i] as number) - 255 * colour(row, cell))).toBeLessThan(1)
  }
})

it('shows what the demo model paints before its VAE does, and better after a picture', async () => {
  const pipeline = await assemble(asBase(await describeModel(shipped.demo)), { merges: shipped.merges })
  const colours = await fitColours(pipeline)
  const settings: GenerateSettings = {
    prompt: 'a strawberry on a blue background',
    negative: '',
    method: 'cfg',
    guidance: 5,
    steps: 8,
    sampler: 'ddim',
    schedule: 'auto',
    seed: 7,
    count: 1,
    width: 128,
    height: 96,
    clipSkip: 1,
  }
  let latent: Latent | undefined
  const estimates = (_: unknown, estimate?: Latent) => {
    latent = estimate ?? latent
  }
  for await (const { pixels, trace } of generate(pipeline, settings, { onProgress: estimates, traced: false })) {
    expect(trace.latents).toEqual([])
    expect(trace.noise).toEqual([])
    if (!latent) throw new Error('no estimate came')
    expect(latent.shape).toEqual([1, 4, 12, 16])
    const first = difference(colours.of(latent).pixels, pixels)
    expect(first).toBeLessThan(30)
    colours.learn(latent, trace.image)
    expect(difference(colours.of(latent).pixels, pixels)).toBeLessThan(first)
  }
  await pipeline.sessions.release()
})

/** Root of the mean square between 16 x 12 colours and the mean colours of the picture's 8 x 8 blocks. */
function difference(colours: Uint8Array, picture: Uint8Array): number {
  let sum = 0
  for (let i = 0; i < colours.length; i++) {
    const [cell, colour] = [Math.floor(i / 3), i % 3]
    const [top, left] = [Math.floor(cell / 16) * 8, (cell % 16) * 8]
    let mean = 0
    for (let y = 0; y < 8; y++) {
      for (let x = 0; x < 8; x++) mean += (picture[((top + y) * 128 + left + x) * 3 + colour] as number) / 64
    }
    sum += ((colours[i] as number) - mean) ** 2
  }
  return Math.sqrt(sum / colours.length)
}
