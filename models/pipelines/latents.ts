import { type VaeConfig, vaeFactor } from '../networks/vae/config.ts'
import { type F32Tensor, f32, type Shape, type Tensor } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import { requireFinite } from './finite.ts'
import type { Planes } from './tiles.ts'
import { inTiles, needsTiles, tileRun } from './vae-tiles.ts'

/** The normal distribution of latents that a picture is encoded to, unscaled; both of the latent's length. */
export interface Encoded {
  readonly mean: Float32Array
  readonly deviation: Float32Array
}

/** Awaited before each run of the VAE, with how many of all are done; may throw to end it. */
export type OnRun = (done: number, all: number) => Promise<void>

/** Encodes a picture f32 [1, 3, height, width] in -1..1; a large one in tiles. */
export async function encoded(
  pipeline: Pipeline,
  pixels: Float32Array,
  width: number,
  height: number,
  onRun: OnRun = async () => {},
): Promise<Encoded> {
  const { mean, logvar } = await posterior(pipeline, { data: pixels, channels: 3, height, width }, onRun)
  if (mean?.dtype !== 'f32' || logvar?.dtype !== 'f32') throw new Error('the VAE gave no posterior')
  await requireFinite(mean.data, 'The VAE', [pipeline.base.vae])
  const deviation = logvar.data.map(value => Math.exp(0.5 * Math.min(Math.max(value, -30), 20)))
  return { mean: mean.data, deviation }
}

/** The scaled latent that the UNet works on, by unit normals. */
export const drawn = (
  { scalingFactor, shiftFactor }: VaeConfig,
  { mean, deviation }: Encoded,
  normals: Float32Array,
): Float32Array =>
  mean.map((value, i) => (value + (deviation[i] as number) * (normals[i] as number) - shiftFactor) * scalingFactor)

async function posterior({ sessions, vae }: Pipeline, picture: Planes, onRun: OnRun): Promise<Record<string, Tensor>> {
  const { data, height, width } = picture
  if (!needsTiles(vae, height, width)) {
    const session = await sessions.encoder()
    await onRun(0, 1)
    return session.run({ picture: f32(data, [1, 3, height, width]) })
  }
  const middle = await inTiles(picture, { ...tileRun(sessions, vae, 'encoder'), onRun })
  const end = await sessions.vaePart('encoder middle')
  return end.run({ planes: f32(middle.data, [1, middle.channels, middle.height, middle.width]) })
}

/** A latent f32 [1, channels, h, w] as a picture f32 [3, height, width] in 0..1; a large one in tiles. */
export async function toPicture(
  pipeline: Pipeline,
  latent: Float32Array,
  shape: Shape,
  onRun: OnRun = async () => {},
): Promise<Float32Array> {
  const { scalingFactor, shiftFactor } = pipeline.vae
  const unscaled = latent.map(value => value / scalingFactor + shiftFactor)
  const picture = await pixelsOf(pipeline, f32(unscaled, shape), onRun)
  await requireFinite(picture, 'The VAE', [pipeline.base.vae])
  return picture.map(value => Math.min(Math.max(value / 2 + 0.5, 0), 1))
}

async function pixelsOf({ sessions, vae }: Pipeline, latent: F32Tensor, onRun: OnRun): Promise<Float32Array> {
  const [, , h = 0, w = 0] = latent.shape
  const factor = vaeFactor(vae)
  if (!needsTiles(vae, h * factor, w * factor)) {
    const decoder = await sessions.decoder()
    await onRun(0, 1)
    const { picture } = await decoder.run({ latent })
    if (picture?.dtype !== 'f32') throw new Error('the VAE gave no picture')
    return picture.data
  }
  const middle = await sessions.vaePart('decoder middle')
  const { result } = await middle.run({ planes: latent })
  if (result?.dtype !== 'f32') throw new Error('the VAE gave no features')
  const [, channels = 0, height = 0, width = 0] = result.shape
  const planes = { data: result.data, channels, height, width }
  return (await inTiles(planes, { ...tileRun(sessions, vae, 'decoder'), onRun })).data
}

/** Rows of bytes, red green blue, from f32 [3, height, width] in 0..1. */
export function toBytes(picture: Float32Array): Uint8Array {
  const area = picture.length / 3
  const bytes = new Uint8Array(picture.length)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Math.round((picture[(i % 3) * area + Math.floor(i / 3)] as number) * 255)
  return bytes
}
