import { type Emission, type OnnxModel, toOnnx } from '../graph/onnx/write.ts'
import { input, type Value } from '../graph/value.ts'
import type { Parameters } from '../networks/parameters.ts'
import { vaeEps } from '../networks/vae/blocks.ts'
import { type VaeConfig, vaeFactor } from '../networks/vae/config.ts'
import { decodeMiddle, decodeUp } from '../networks/vae/decode.ts'
import { encodeDown, encodeMiddle } from '../networks/vae/encode.ts'
import { measuring, sharing } from '../networks/vae/shared-norms.ts'
import type { Session } from '../runtime/session.ts'
import { type F32Tensor, f32 } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import { parametersOf } from './parameters.ts'
import type { Sessions } from './sessions.ts'
import { cropped, type Planes, place, type Tile, thinned, tilesOf } from './tiles.ts'

/** What a VAE is made of where its picture is too large to be held at once. */
export const vaeParts = [
  'decoder middle',
  'decoder measure',
  'decoder tile',
  'encoder middle',
  'encoder measure',
  'encoder tile',
] as const
export type VaePart = (typeof vaeParts)[number]

/** The part of a VAE as ONNX; `tile` takes `planes` and `shared`, `measure` takes `planes`, `middle` takes `planes`. */
export function vaePartGraph(
  part: VaePart,
  { base, vae: config }: Pick<Pipeline, 'base' | 'vae'>,
  emission: Partial<Emission> = {},
): OnnxModel {
  const p = parametersOf(base.vae)
  const deepest = config.blockOutChannels.at(-1) as number
  const side = 16 * vaeFactor(config)
  const planes = (channels: number, size = 16) => plane('planes', [1, channels, size, size])
  const up = (own: Parameters) => decodeUp(config, own, planes(deepest))
  const down = (own: Parameters) => encodeDown(config, own, planes(3, side))
  switch (part) {
    case 'decoder middle':
      return toOnnx({ result: decodeMiddle(config, p, planes(config.latentChannels)) }, emission)
    case 'encoder middle':
      return toOnnx({ ...encodeMiddle(config, p, planes(deepest)) }, emission)
    case 'decoder measure':
      return toOnnx({ result: measured(p, up) }, emission)
    case 'encoder measure':
      return toOnnx({ result: measured(p, down) }, emission)
    case 'decoder tile':
      return toOnnx({ result: shared(p, up) }, emission)
    case 'encoder tile':
      return toOnnx({ result: shared(p, down) }, emission)
  }
}

const plane = (name: string, shape: readonly number[]): Value =>
  input(name, { shape, dtype: 'f32' }, ['batch', null, 'height', 'width'])

function measured(p: Parameters, network: (p: Parameters) => Value): Value {
  const { parameters, measured: all } = measuring(p)
  network(parameters)
  return all()
}

function shared(p: Parameters, network: (p: Parameters) => Value): Value {
  const size = measured(p, network).shape[1] as number
  return network(sharing(p, input('shared', { shape: [1, size, 1], dtype: 'f32' })))
}

/**
 * Cells around one that its pixels are computed from, on the way up or down: each convolution of three sees one more
 * pixel of its level.
 */
export function marginOf({ blockOutChannels, layersPerBlock }: VaeConfig, way: 'up' | 'down'): number {
  const last = blockOutChannels.length - 1
  let cells = 2 ** -last
  for (let level = 0; level <= last; level++) {
    const pixel = 2 ** (level - last)
    const resnets = 2 * (way === 'up' ? layersPerBlock + 1 : layersPerBlock)
    cells += resnets * pixel
    // On the way up a convolution follows the doubling, on the way down it does the halving.
    if (level < last) cells += way === 'up' ? pixel : 2 * pixel
  }
  return Math.ceil(cells)
}

/**
 * Bytes that a pixel takes at the widest place of a VAE, for each channel of its first level: measured at SD 1.5's size,
 * where decoding takes the most.
 */
const bytesPerChannel = 32
/** What encoding or decoding a picture at once may take. */
const mostBytes = 4.5 * 2 ** 30

const mostPixels = ({ blockOutChannels }: VaeConfig): number =>
  mostBytes / (bytesPerChannel * (blockOutChannels[0] as number))

/** Whether a picture of that size would take too much memory at once. */
export const needsTiles = (config: VaeConfig, height: number, width: number): boolean =>
  height * width > mostPixels(config)

/** How the half of a VAE works on a large picture. */
export function tileRun(sessions: Sessions, config: VaeConfig, half: 'encoder' | 'decoder'): Omit<TileRun, 'onRun'> {
  const factor = vaeFactor(config)
  return {
    most: Math.floor(Math.sqrt(mostPixels(config)) / factor),
    margin: marginOf(config, half === 'decoder' ? 'up' : 'down'),
    from: half === 'decoder' ? 1 : factor,
    to: half === 'decoder' ? factor : 1,
    groups: config.normGroups,
    measure: () => sessions.vaePart(`${half} measure`),
    tile: () => sessions.vaePart(`${half} tile`),
  }
}

/** What a network that works tile by tile is run with. */
export interface TileRun {
  /** Most cells of a tile along each side, with its margin. */
  readonly most: number
  readonly margin: number
  /** Sides of a cell in the planes that go in and in those that come out. */
  readonly from: number
  readonly to: number
  readonly groups: number
  readonly measure: () => Promise<Session>
  readonly tile: () => Promise<Session>
  /** Awaited before each run, with how many are done and how many there are; may throw to end it. */
  readonly onRun: (done: number, all: number) => Promise<void>
}

/**
 * Runs a network over planes in tiles. A tile reads as much around it as its pixels depend on, and all are normalised by
 * what every n-th cell of the whole shows: so neighbours agree to the last digit, no seam can be seen, and the whole differs
 * from one that was made at once as little as the statistics of every n-th cell differ from those of all.
 */
export async function inTiles(planes: Planes, run: TileRun): Promise<Planes> {
  const { from, to, onRun } = run
  const [height, width] = [planes.height / from, planes.width / from]
  const tiles = tilesOf(height, width, run.most, run.margin)
  const all = 1 + tiles.length
  const part = (top: number, bottom: number, left: number, right: number) => {
    const { data, ...size } = cropped(planes, top * from, bottom * from, left * from, right * from)
    return f32(data, [1, size.channels, size.height, size.width])
  }

  await onRun(0, all)
  const few = thinned(planes, from, Math.ceil(Math.max(height, width) / run.most))
  const { result: measured } = await (await run.measure()).run({
    planes: f32(few.data, [1, few.channels, few.height, few.width]),
  })
  const shared = toShare(measured?.data as Float32Array, run.groups)

  let whole: Planes | undefined
  for (const [i, { down, across }] of tiles.entries()) {
    await onRun(1 + i, all)
    const tile = await run.tile()
    const { result } = await tile.run({
      planes: part(down.start, down.end, across.start, across.end),
      ...(shared && { shared }),
    })
    const [, channels = 0, rows = 0, columns = 0] = result?.shape ?? []
    const given = { data: result?.data as Float32Array, channels, height: rows, width: columns }
    whole ??= {
      data: new Float32Array(channels * height * width * to * to),
      channels,
      height: height * to,
      width: width * to,
    }
    place(whole, core(given, { down, across }, to), down.from * to, across.from * to)
  }
  return whole as Planes
}

/** A tile's result without its margin. */
const core = (given: Planes, { down, across }: Tile, to: number): Planes =>
  cropped(
    given,
    (down.from - down.start) * to,
    (down.to - down.start) * to,
    (across.from - across.start) * to,
    (across.to - across.start) * to,
  )

/** What `measuring` gives, as `sharing` takes it: variances become one over deviations. */
function toShare(measured: Float32Array, groups: number): F32Tensor {
  const values = measured.map((value, i) => (Math.floor(i / groups) % 2 === 0 ? value : 1 / Math.sqrt(value + vaeEps)))
  return f32(values, [1, values.length, 1])
}
