import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { asBase } from '../../../models/checkpoint/as-base.ts'
import { describeModel } from '../../../models/checkpoint/describe.ts'
import { vaeFactor } from '../../../models/networks/vae/config.ts'
import { assemble, type Pipeline } from '../../../models/pipelines/assemble.ts'
import { cropped, type Planes, place, thinned, tilesOf } from '../../../models/pipelines/tiles.ts'
import { inTiles, marginOf, needsTiles, tileRun } from '../../../models/pipelines/vae-tiles.ts'
import { f32 } from '../../../models/tensor/tensor.ts'
import { fixture } from '../../support/fixtures.ts'

/** Sides of different length, of which neither divides by the tiles' own. */
const [rows, columns] = [30, 44]

/** A picture of hard contrasts, f32 [1, 3, height, width]: bright above, dark below, blue on the right, waves all over. */
function contrasts(height: number, width: number): Planes {
  const data = new Float32Array(3 * height * width)
  for (let i = 0; i < data.length; i++) {
    const [x, y, colour] = [i % width, Math.floor(i / width) % height, Math.floor(i / width / height)]
    const values = [y < height / 2 ? 0.8 : -0.8, 0.6 * Math.sin(x / 30) * Math.cos(y / 13), x < width / 3 ? -0.7 : 0.7]
    data[i] = (values[colour] as number) + 0.1 * Math.sin(x / 9)
  }
  return { data, channels: 3, height, width }
}

/** The largest absolute difference, and the largest change of the difference from a pixel to its right neighbour. */
function compared(got: Planes, want: Float32Array, cuts: ReadonlySet<number>) {
  const result = { largest: 0, mean: 0, jumpAtCuts: 0, jumpElsewhere: 0 }
  const off = got.data.map((value, i) => value - (want[i] as number))
  for (const [i, difference] of off.entries()) {
    result.largest = Math.max(result.largest, Math.abs(difference))
    result.mean += Math.abs(difference) / off.length
    const x = i % got.width
    if (x === 0) continue
    const jump = Math.abs(difference - (off[i - 1] as number))
    if (cuts.has(x)) result.jumpAtCuts = Math.max(result.jumpAtCuts, jump)
    else result.jumpElsewhere = Math.max(result.jumpElsewhere, jump)
  }
  return result
}

describe.each([
  ['the demo model', shipped.demo, 0.08],
  // Random weights make much of the finest detail, which few cells show least of.
  ['sd1-tiny', fixture('sd1-tiny', 'sd1-tiny.safetensors'), 0.25],
])('the VAE of %s in tiles', (_, path, mostOff) => {
  let pipeline: Pipeline
  let latent: Float32Array
  let picture: Planes
  beforeAll(async () => {
    pipeline = await assemble(asBase(await describeModel(path)), { merges: shipped.merges })
    const factor = vaeFactor(pipeline.vae)
    picture = contrasts(rows * factor, columns * factor)
    const { mean } = await (await pipeline.sessions.encoder()).run({
      picture: f32(picture.data, [1, 3, picture.height, picture.width]),
    })
    latent = mean?.data as Float32Array
  }, 60_000)
  afterAll(() => pipeline.sessions.release())

  const run = (half: 'encoder' | 'decoder', most: number) => ({
    ...tileRun(pipeline.sessions, pipeline.vae, half),
    most,
    onRun: () => Promise.resolve(),
  })
  async function middle(): Promise<Planes> {
    const session = await pipeline.sessions.vaePart('decoder middle')
    const { result } = await session.run({ planes: f32(latent, [1, pipeline.vae.latentChannels, rows, columns]) })
    return { data: result?.data as Float32Array, channels: result?.shape[1] ?? 0, height: rows, width: columns }
  }

  it('decodes without a seam, close to what it gives at once', async () => {
    const session = await pipeline.sessions.decoder()
    const { picture: whole } = await session.run({
      latent: f32(latent, [1, pipeline.vae.latentChannels, rows, columns]),
    })
    const margin = marginOf(pipeline.vae, 'up')
    const tiled = await inTiles(await middle(), run('decoder', 2 * margin + 14))
    const factor = vaeFactor(pipeline.vae)
    const cuts = tilesOf(rows, columns, 2 * margin + 14, margin).map(({ across }) => across.from * factor)
    expect(new Set(cuts).size).toBeGreaterThan(2)
    const { largest, mean, jumpAtCuts, jumpElsewhere } = compared(tiled, whole?.data as Float32Array, new Set(cuts))
    expect(jumpAtCuts).toBeLessThanOrEqual(jumpElsewhere)
    const size = tiled.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    expect(largest / size).toBeLessThan(mostOff)
    expect(mean / size).toBeLessThan(mostOff / 3)
  })

  it('gives in one tile what it gives at once: the margin, not luck, makes tiles agree', async () => {
    const session = await pipeline.sessions.decoder()
    const { picture: whole } = await session.run({
      latent: f32(latent, [1, pipeline.vae.latentChannels, rows, columns]),
    })
    const one = await inTiles(await middle(), run('decoder', columns))
    expect(compared(one, whole?.data as Float32Array, new Set()).largest).toBeLessThan(1e-4)
    // More of a margin changes nothing, none at all does.
    const planes = await middle()
    const few = (most: number, margin: number) => inTiles(planes, { ...run('decoder', most), margin })
    const margin = marginOf(pipeline.vae, 'up')
    const reference = await few(2 * margin + 14, margin)
    const size = reference.data.reduce((most, value) => Math.max(most, Math.abs(value)), 0)
    const wider = await few(2 * margin + 16, margin + 1)
    expect(compared(reference, wider.data, new Set()).largest / size).toBeLessThan(1e-4)
    const none = await few(14, 0)
    expect(compared(none, reference.data, new Set()).largest / size).toBeGreaterThan(0.05)
  })

  it('encodes close to what it gives at once', async () => {
    const margin = marginOf(pipeline.vae, 'down')
    const middle = await inTiles(picture, run('encoder', 2 * margin + 14))
    const end = await pipeline.sessions.vaePart('encoder middle')
    const { mean } = await end.run({ planes: f32(middle.data, [1, middle.channels, rows, columns]) })
    const tiled = { data: mean?.data as Float32Array, channels: 4, height: rows, width: columns }
    const { mean: off } = compared(tiled, latent, new Set())
    const size = latent.reduce((sum, value) => sum + Math.abs(value) / latent.length, 0)
    expect(off).toBeLessThan(mostOff * size)
  })
})

describe('tiles', () => {
  it('cover every cell once, and are cut out and put back as they are', () => {
    const whole: Planes = {
      data: Float32Array.from({ length: 2 * 6 * 10 }, (_, i) => i),
      channels: 2,
      height: 6,
      width: 10,
    }
    const copy = { ...whole, data: new Float32Array(whole.data.length) }
    for (const { down, across } of tilesOf(3, 5, 4, 1)) {
      const part = cropped(whole, down.from * 2, down.to * 2, across.from * 2, across.to * 2)
      place(copy, part, down.from * 2, across.from * 2)
    }
    expect(copy.data).toEqual(whole.data)
    expect(Array.from(thinned(whole, 2, 2).data.subarray(0, 12))).toEqual([0, 1, 4, 5, 8, 9, 10, 11, 14, 15, 18, 19])
  })

  it('are taken for pictures of more than a megapixel at the size of published VAEs', () => {
    const vae = { blockOutChannels: [128, 256, 512, 512] } as unknown as Pipeline['vae']
    expect(needsTiles(vae, 1024, 1024)).toBe(false)
    expect(needsTiles(vae, 1536, 1536)).toBe(true)
  })
})
