import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { asBase } from '../../checkpoint/as-base.ts'
import { vaeConfig } from '../../checkpoint/config/vae.ts'
import { describeModel } from '../../checkpoint/describe.ts'
import { describeComponent } from '../../checkpoint/layouts/diffusers.ts'
import { UserError } from '../../errors.ts'
import { abs } from '../../graph/ops/abs.ts'
import { add } from '../../graph/ops/add.ts'
import { exp } from '../../graph/ops/exp.ts'
import { log } from '../../graph/ops/log.ts'
import { mul } from '../../graph/ops/mul.ts'
import { slice } from '../../graph/ops/slice.ts'
import { sub } from '../../graph/ops/sub.ts'
import { mean, meanAll } from '../../graph/ops/sum.ts'
import { input, scalar, type Value } from '../../graph/value.ts'
import { type VaeConfig, vaeFactor } from '../../networks/vae/config.ts'
import { decode } from '../../networks/vae/decode.ts'
import { encode, type Posterior } from '../../networks/vae/encode.ts'
import { toBytes } from '../../pipelines/latents.ts'
import { elements, f32 } from '../../tensor/tensor.ts'
import { openData } from '../data/open.ts'
import { Order } from '../data/order.ts'
import { split } from '../data/split.ts'
import { generatorAt, normals, stream } from '../random.ts'
import type { RecipeOf } from '../recipe.ts'
import { savePart, writePart } from '../results/base.ts'
import { vaeJson } from '../results/diffusers-config.ts'
import { provenanceMetadata } from '../results/provenance.ts'
import { take } from '../states/teacher.ts'
import { measure, openLook } from '../step.ts'
import { fresh, fromPart, Trained } from '../trained.ts'
import type { OpenObjective, Sample, Setting, Trainees } from './objective.ts'

/** Pictures that samples are made of. */
const shown = 4

/**
 * Trains a VAE (Kingma and Welling 2014): the absolute error of the picture and of the differences of neighbouring pixels,
 * which keeps edges sharp, and a little of the latents' distance to unit normals.
 */
export const autoencode: OpenObjective<RecipeOf<'autoencode'>> = async (recipe, setting) => {
  const part = recipe.base === undefined ? await newVae(recipe, setting) : asBase(await describeModel(recipe.base)).vae
  const config = vaeConfig(part)
  const pack = await openData(recipe.data, recipe.pixels, setting)
  const factor = vaeFactor(config)
  if (pack.width % factor !== 0 || pack.height % factor !== 0)
    throw new UserError(
      `The pictures are ${pack.width} x ${pack.height}; this VAE takes sides that divide by ${factor}.`,
    )
  const { batch } = recipe
  const shape = [batch, 3, pack.height, pack.width] as const
  const latent = [batch, config.latentChannels, pack.height / factor, pack.width / factor] as const

  const trained = new Trained()
  const parameters = trained.parameters('vae.', fromPart(part))
  const picture = input('picture', { shape, dtype: 'f32' })
  const posterior = encode(config, parameters, picture)
  const noise = input('noise', { shape: latent, dtype: 'f32' })
  const drawn = add(posterior.mean, mul(exp(mul(posterior.logvar, scalar(0.5))), noise))
  const painted = decode(config, parameters, drawn)
  const error = meanAll(abs(sub(painted, picture)))
  const edges = add(slopeError(painted, picture, 2), slopeError(painted, picture, 3))
  const kl = divergence(posterior)
  const loss = add(add(error, mul(edges, scalar(recipe.gradients))), mul(kl, scalar(recipe.kl)))
  const reconstructed = decode(config, parameters, posterior.mean)
  const { seen, held } = split(pack.count, recipe)
  const order = new Order(recipe.seed, seen.length)

  const feed = async (pictures: readonly number[], ...place: readonly number[]) => ({
    picture: f32(await pack.pictures(pictures), shape),
    noise: f32(normals(generatorAt(recipe.seed, ...place), elements(latent)), latent),
  })
  const feedSeen = (first: number) =>
    feed(
      order.at(first, batch).map(i => seen[i] as number),
      stream.posterior,
      first,
    )
  const feedHeld = (first: number) => feed(held.slice(first, first + batch), stream.held, first)

  /** Pictures, kept aside where there are some, beside what comes back of them. */
  async function samples(weights: Trainees): Promise<Sample[]> {
    const look = await openLook({ reconstructed }, setting.threads)
    try {
      const { picture } = held.length > 0 ? await feedHeld(0) : await feedSeen(0)
      const { reconstructed = new Float32Array() } = await look.run({ picture }, weights)
      const size = elements(shape) / batch
      return Array.from({ length: Math.min(shown, batch) }, (_, i) =>
        beside(bytesOf(take(picture.data, i, size)), bytesOf(take(reconstructed, i, size)), pack),
      )
    } finally {
      await look.release()
    }
  }

  return {
    graph: {
      loss,
      measures: { error, edges, kl },
      trained: trained.inputs,
    },
    initial: await trained.initial(),
    batches: step =>
      Promise.all(
        Array.from({ length: recipe.accumulate }, (_, i) => feedSeen((step * recipe.accumulate + i) * batch)),
      ),
    evaluate: weights =>
      measure(
        { 'held loss': loss, 'held PSNR': psnr(reconstructed, picture) },
        Array.from({ length: held.length / batch }, (_, part) => () => feedHeld(part * batch)),
        weights,
        setting.threads,
      ),
    samples,
    async save(weights, provenance) {
      const own = new Map([...weights].map(([name, tensor]) => [name.replace(/^vae[.]/, ''), tensor]))
      const spread = recipe.base === undefined ? await spreadOf(weights) : {}
      const json = vaeJson({ ...config, ...spread }, pack.width)
      await savePart(setting.folder.result, part, json, own, provenanceMetadata(provenance, 'stable-diffusion-v1/vae'))
      return setting.folder.result
    },
  }

  /** What latents are to be shifted and scaled by to have the mean 0 and the spread 1, by some pictures. */
  async function spreadOf(weights: Trainees): Promise<Pick<VaeConfig, 'shiftFactor' | 'scalingFactor'>> {
    const look = await openLook({ mean: posterior.mean }, setting.threads)
    let [count, sum, squares] = [0, 0, 0]
    try {
      for (let i = 0; i < Math.max(1, Math.min(32, Math.floor(seen.length / batch))); i++) {
        const { picture } = await feedSeen(i * batch)
        const { mean = [] } = await look.run({ picture }, weights)
        for (const value of mean) {
          count++
          sum += value
          squares += value * value
        }
      }
    } finally {
      await look.release()
    }
    const shiftFactor = sum / count
    return { shiftFactor, scalingFactor: 1 / Math.sqrt(squares / count - shiftFactor ** 2) }
  }
}

/** Two pictures of bytes as one, the first on the left. */
function beside(left: Uint8Array, right: Uint8Array, { width, height }: { width: number; height: number }): Sample {
  const pixels = new Uint8Array(left.length * 2)
  for (const [column, half] of [left, right].entries())
    for (let y = 0; y < height; y++)
      pixels.set(half.subarray(y * width * 3, (y + 1) * width * 3), (2 * y + column) * width * 3)
  return { pixels, width: 2 * width, height }
}

/** A picture [3, h, w] in -1..1 as bytes. */
const bytesOf = (picture: Float32Array): Uint8Array =>
  toBytes(picture.map(value => Math.min(Math.max(value / 2 + 0.5, 0), 1)))

/** Peak signal-to-noise ratio in dB, the mean over the pictures, whose values span 2. */
function psnr(a: Value, b: Value): Value {
  const difference = sub(a, b)
  const squares = mean(mul(difference, difference), [1, 2, 3])
  return mul(meanAll(log(mul(squares, scalar(1 / 4)))), scalar(-10 / Math.LN10))
}

/** Mean absolute difference between the slopes of two pictures along an axis. */
function slopeError(a: Value, b: Value, axis: number): Value {
  const slope = (x: Value) => {
    const side = x.shape[axis] as number
    return sub(slice(x, axis, 1, side), slice(x, axis, 0, side - 1))
  }
  return meanAll(abs(sub(slope(a), slope(b))))
}

/** The Kullback-Leibler divergence from unit normals, as a mean over the numbers of the latents. */
function divergence({ mean, logvar }: Posterior): Value {
  const parts = sub(add(mul(mean, mean), exp(logvar)), add(logvar, scalar(1)))
  return mul(meanAll(parts), scalar(0.5))
}

/** A VAE with random weights as a diffusers folder, made once. */
async function newVae({ vae, seed }: RecipeOf<'autoencode'>, { folder }: Setting) {
  const start = join(folder.cache, 'start')
  if (!(await stat(join(start, 'vae', 'config.json')).catch(() => undefined))) {
    if (!vae) throw new Error('the recipe was not checked')
    const colours = 3 * vae.patch_size ** 2
    const config: VaeConfig = {
      inChannels: colours,
      outChannels: colours,
      latentChannels: vae.latent_channels,
      blockOutChannels: vae.block_out_channels,
      layersPerBlock: vae.layers_per_block,
      normGroups: vae.norm_num_groups,
      scalingFactor: 1,
      shiftFactor: 0,
      useQuantConv: true,
      usePostQuantConv: true,
      midBlockAttention: vae.attention,
      patchSize: vae.patch_size,
    }
    const trained = new Trained()
    const random = trained.parameters('', fresh(generatorAt(seed, stream.weights)))
    const side = 8 * vaeFactor(config)
    encode(config, random, input('picture', { shape: [1, 3, side, side], dtype: 'f32' }))
    decode(config, random, input('latent', { shape: [1, vae.latent_channels, 8, 8], dtype: 'f32' }))
    await writePart(start, 'vae', vaeJson(config, side), await trained.initial())
  }
  return describeComponent(start, 'vae')
}
