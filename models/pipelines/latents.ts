import type { VaeConfig } from '../networks/vae/config.ts'
import { f32, type Shape } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import { requireFinite } from './finite.ts'

/** The normal distribution of latents that a picture is encoded to, unscaled; both of the latent's length. */
export interface Encoded {
  readonly mean: Float32Array
  readonly deviation: Float32Array
}

/** Encodes a picture f32 [1, 3, height, width] in -1..1. */
export async function encoded(
  pipeline: Pipeline,
  pixels: Float32Array,
  width: number,
  height: number,
): Promise<Encoded> {
  const session = await pipeline.sessions.encoder()
  const { mean, logvar } = await session.run({ picture: f32(pixels, [1, 3, height, width]) })
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

/** A latent f32 [1, channels, h, w] as a picture f32 [3, height, width] in 0..1. */
export async function toPicture(pipeline: Pipeline, latent: Float32Array, shape: Shape): Promise<Float32Array> {
  const { scalingFactor, shiftFactor } = pipeline.vae
  const unscaled = latent.map(value => value / scalingFactor + shiftFactor)
  const { picture } = await (await pipeline.sessions.decoder()).run({ latent: f32(unscaled, shape) })
  if (picture?.dtype !== 'f32') throw new Error('the VAE gave no picture')
  await requireFinite(picture.data, 'The VAE', [pipeline.base.vae])
  return picture.data.map(value => Math.min(Math.max(value / 2 + 0.5, 0), 1))
}

/** Rows of bytes, red green blue, from f32 [3, height, width] in 0..1. */
export function toBytes(picture: Float32Array): Uint8Array {
  const area = picture.length / 3
  const bytes = new Uint8Array(picture.length)
  for (let i = 0; i < bytes.length; i++)
    bytes[i] = Math.round((picture[(i % 3) * area + Math.floor(i / 3)] as number) * 255)
  return bytes
}
