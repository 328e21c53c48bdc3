import { vaeFactor } from '../networks/vae/config.ts'
import { Generator } from '../tensor/random.ts'
import type { Pipeline } from './assemble.ts'
import type { Latent } from './generate.ts'
import { toPicture } from './latents.ts'

/** Small rows of bytes, red green blue. */
export interface Colours {
  readonly width: number
  readonly height: number
  readonly pixels: Uint8Array
}

/**
 * Colours of a latent without the VAE: the straight line from a cell's channels to the mean colour of its pixels,
 * fitted by least squares to what the VAE gave before. It fits any VAE, and costs next to nothing.
 */
export class LatentColours {
  readonly #factor: number
  /** Channels and a constant. */
  readonly #terms: number
  /** Sums over all cells seen: terms by terms, and terms by colours. */
  readonly #squares: Float64Array
  readonly #products: Float64Array
  #map: Float64Array

  /** @param factor pixels that a cell covers along each side */
  constructor(channels: number, factor: number) {
    this.#factor = factor
    this.#terms = channels + 1
    this.#squares = new Float64Array(this.#terms ** 2)
    this.#products = new Float64Array(this.#terms * 3)
    this.#map = new Float64Array(this.#terms * 3)
    // So little that it only decides where nothing was seen yet.
    for (let i = 0; i < this.#terms; i++) this.#squares[i * this.#terms + i] = 1e-3
  }

  /** Fits one more pair of a latent and its picture, f32 [3, height, width] in 0..1. */
  learn(latent: Latent, picture: Float32Array): void {
    const [, , h, w] = latent.shape
    const mean = this.#cellMeans(picture, h, w)
    const terms = this.#terms
    for (let cell = 0; cell < h * w; cell++) {
      for (let i = 0; i < terms; i++) {
        const a = termOf(latent, i, cell)
        for (let j = 0; j < terms; j++) add(this.#squares, i * terms + j, a * termOf(latent, j, cell))
        for (let colour = 0; colour < 3; colour++)
          add(this.#products, i * 3 + colour, a * (mean[colour * h * w + cell] as number))
      }
    }
    this.#map = solve(this.#squares, this.#products, terms)
  }

  /** One pixel for each cell. */
  of(latent: Latent): Colours {
    const [, , height, width] = latent.shape
    const pixels = new Uint8Array(height * width * 3)
    for (let cell = 0; cell < height * width; cell++) {
      for (let colour = 0; colour < 3; colour++) {
        let sum = 0
        for (let i = 0; i < this.#terms; i++) sum += termOf(latent, i, cell) * (this.#map[i * 3 + colour] as number)
        pixels[cell * 3 + colour] = Math.round(Math.min(Math.max(sum, 0), 1) * 255)
      }
    }
    return { width, height, pixels }
  }

  #cellMeans(picture: Float32Array, h: number, w: number): Float64Array {
    const factor = this.#factor
    const means = new Float64Array(3 * h * w)
    const row = w * factor
    for (let at = 0; at < picture.length; at++) {
      const y = Math.floor(at / row)
      add(means, Math.floor(y / factor) * w + Math.floor((at % row) / factor), (picture[at] as number) / factor ** 2)
    }
    return means
  }
}

/** Side in cells of the noise that a VAE is first seen with. */
const side = 24

/** Fits the colours of a pipeline's VAE to what it makes of smooth noise. Loads the decoder. */
export async function fitColours(pipeline: Pipeline): Promise<LatentColours> {
  const colours = new LatentColours(pipeline.vae.latentChannels, vaeFactor(pipeline.vae))
  const shape = [1, pipeline.vae.latentChannels, side, side] as const
  const latent = { data: smoothNoise(pipeline.vae.latentChannels), shape }
  colours.learn(latent, await toPicture(pipeline, latent.data, shape))
  return colours
}

/** Normals of a quarter of the side, with straight lines between them: pictures are smooth, too. */
function smoothNoise(channels: number): Float32Array {
  const coarse = side / 4 + 1
  const normals = new Generator(0).normals(channels * coarse ** 2)
  const at = (channel: number, y: number, x: number) => normals[(channel * coarse + y) * coarse + x] as number
  return Float32Array.from({ length: channels * side ** 2 }, (_, i) => {
    const channel = Math.floor(i / side ** 2)
    const [y, x] = [(Math.floor(i / side) % side) / 4, (i % side) / 4]
    const [top, left] = [Math.floor(y), Math.floor(x)]
    const mix = (row: number) => at(channel, row, left) * (1 - x + left) + at(channel, row, left + 1) * (x - left)
    return mix(top) * (1 - y + top) + mix(top + 1) * (y - top)
  })
}

const termOf = ({ data, shape: [, channels, h, w] }: Latent, term: number, cell: number): number =>
  term === channels ? 1 : (data[term * h * w + cell] as number)

function add(sums: Float64Array, at: number, value: number): void {
  sums[at] = (sums[at] as number) + value
}

/** Solves squares x map = products (n by n, n by 3) by Gauss' elimination; the squares are positive definite. */
function solve(squares: Float64Array, products: Float64Array, n: number): Float64Array {
  const [a, b] = [squares.slice(), products.slice()]
  const subtract = (from: number, row: number, share: number) => {
    for (let i = 0; i < n; i++) add(a, from * n + i, -share * (a[row * n + i] as number))
    for (let i = 0; i < 3; i++) add(b, from * 3 + i, -share * (b[row * 3 + i] as number))
  }
  for (let row = 0; row < n; row++) {
    for (let other = 0; other < n; other++) {
      if (other !== row) subtract(other, row, (a[other * n + row] as number) / (a[row * n + row] as number))
    }
  }
  return b.map((value, i) => {
    const row = Math.floor(i / 3)
    return value / (a[row * n + row] as number)
  })
}
