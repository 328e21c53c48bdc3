import { UserError } from '../errors.ts'
import { methodOf } from '../guidance/index.ts'
import { vaeFactor } from '../networks/vae/config.ts'
import { samplers } from '../samplers/index.ts'
import { Schedule } from '../samplers/schedule.ts'
import { Generator } from '../tensor/random.ts'
import { elements } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import { beginning } from './beginning.ts'
import { type CancelSignal, pause } from './cancel.ts'
import { condition } from './condition.ts'
import { denoiser } from './denoiser.ts'
import type { Guide } from './guide.ts'
import { toBytes, toPicture } from './latents.ts'
import { overlaid } from './mask.ts'
import { type GenerateSettings, scheduleConfig } from './settings.ts'
import { Stopwatch, type Timings } from './stopwatch.ts'

/** One finished picture. */
export interface Picture {
  readonly seed: number
  readonly width: number
  readonly height: number
  /** Rows of bytes, red green blue; what a mask keeps is the first picture's own. */
  readonly pixels: Uint8Array
  /** Network passes that it took. */
  readonly passes: number
  /** Seconds since the picture before it, or since the call for the first, by what they went to. */
  readonly seconds: Timings
  readonly trace: Trace
}

/** The numbers along the way, for comparison with other programs. All f32. */
export interface Trace {
  /** Every draw of the picture's generator, each of the latent's size. */
  readonly noise: readonly Float32Array[]
  /** What the network was told at each of the sampler's calls. */
  readonly timesteps: readonly number[]
  /** The state after each of these calls: where a sampler makes one a step, after each step. */
  readonly latents: readonly Float32Array[]
  /** [1, channels, h, w] of noise and latents. */
  readonly latentShape: readonly [number, number, number, number]
  /** What the network was told: [negative, positive], or the positive alone, each [tokens, width]. */
  readonly context: readonly Float32Array[]
  readonly contextShape: readonly [tokens: number, width: number]
  /** What the VAE gave, [3, height, width] in 0..1. */
  readonly image: Float32Array
}

export interface Progress {
  readonly phase: 'load' | 'text' | 'denoise' | 'decode'
  /** Index of the picture, from 0. */
  readonly picture: number
  /** Steps done and steps in all, while denoising. */
  readonly step: number
  readonly steps: number
  /** Runs of the VAE done and in all, while a large picture is decoded in tiles. */
  readonly tile?: number
  readonly tiles?: number
}

export interface GenerateOptions {
  /** What the method `guide` plugs into the base; it was loaded for this base. */
  readonly guide?: Guide | undefined
  /** Whether the two predictions of guidance are computed in one batch, which needs more memory; else one after another. */
  readonly together?: boolean | undefined
  /** Aborted between two network passes. */
  readonly signal?: CancelSignal | undefined
  /** Also told after each step what the sampler takes the clean picture for. */
  readonly onProgress?: ((progress: Progress, estimate?: Latent) => void) | undefined
  /** False leaves the noise and the latents out of the trace: they take memory with each step. */
  readonly traced?: boolean | undefined
}

/** A picture as the UNet works on it. */
export interface Latent {
  readonly data: Float32Array
  /** [1, channels, h, w] */
  readonly shape: Trace['latentShape']
}

/**
 * Paints the pictures of a request one after another: text, noise, steps, VAE. Picture i is what a request of
 * its own with seed + i would give. Throws `UserError` for settings that the base cannot take or a damaged
 * model, and the signal's reason when it is cancelled.
 */
export async function* generate(
  pipeline: Pipeline,
  settings: GenerateSettings,
  { guide, together = true, signal, onProgress, traced = true }: GenerateOptions = {},
): AsyncGenerator<Picture, void, void> {
  checkSettings(pipeline, settings)
  const { width, height, init } = settings
  const factor = vaeFactor(pipeline.vae)
  const latentShape = [1, pipeline.vae.latentChannels, height / factor, width / factor] as const
  const config = scheduleConfig(pipeline.schedule, settings)
  const plan = samplers[settings.sampler].plan(new Schedule(config), settings.steps)
  let { steps } = settings
  const report = (phase: Progress['phase'], picture: number, step = 0, estimate?: Latent) =>
    onProgress?.({ phase, picture, step, steps }, estimate)
  const decoding = (picture: number, done: number, all: number) =>
    onProgress?.({ phase: 'decode', picture, step: steps, steps, ...(all > 1 && { tile: done, tiles: all }) })

  const watch = new Stopwatch()
  const guided = settings.method !== 'none' && settings.guidance !== 1
  const told = await condition(pipeline, { ...settings, guided }, async (phase, work) => {
    report(phase, 0)
    await pause(signal)
    return watch.time(phase, work)
  })
  // One after another: where memory is short, each network takes the place of the one before.
  report('load', 0)
  await pause(signal)
  const { start, draw } = await watch.time('denoise', () => beginning(pipeline, settings, plan, () => pause(signal)))
  steps -= start
  report('load', 0)
  await pause(signal)
  const plugged = settings.method === 'guide' && guided ? guide : undefined
  await watch.time('load', () => pipeline.sessions.unet(plugged))

  for (let index = 0; index < settings.count; index++) {
    // Only the low 32 bits of a seed count.
    const seed = (settings.seed + index) % 2 ** 32
    const generator = new Generator(seed)
    const drawn: Float32Array[] = []
    const noise = () => {
      const normals = generator.normals(elements(latentShape))
      if (traced) drawn.push(normals)
      return normals
    }

    report('denoise', index)
    const { beside, ...begun } = draw(noise)
    const { denoise, passes } = await denoiser(pipeline, told, {
      method: methodOf(settings),
      guidance: settings.guidance,
      guide: plugged,
      prediction: config.predictionType,
      shape: latentShape,
      beside,
      together,
      signal,
    })
    const latents: Float32Array[] = []
    const timesteps: number[] = []
    let estimate: Latent | undefined
    const latent = await watch.time('denoise', () =>
      plan.sample({
        ...begun,
        async denoise(state, level) {
          const data = await denoise(state, level)
          timesteps.push(level.timestep)
          estimate = { data, shape: latentShape }
          return data
        },
        noise,
        start,
        onStep(step, state) {
          if (traced) latents.push(state.slice())
          report('denoise', index, step - start + 1, estimate)
        },
      }),
    )

    report('decode', index, steps)
    await pause(signal)
    const image = await watch.time('decode', () =>
      toPicture(pipeline, latent, latentShape, async (done, all) => {
        decoding(index, done, all)
        await pause(signal)
      }),
    )
    yield {
      seed,
      width,
      height,
      pixels: init ? overlaid(toBytes(image), init) : toBytes(image),
      passes: passes(),
      seconds: watch.lap(),
      trace: {
        noise: drawn,
        timesteps,
        latents,
        latentShape,
        context: told.negative ? [told.negative, told.positive] : [told.positive],
        contextShape: [told.tokens, told.width],
        image,
      },
    }
  }
}

function checkSettings({ vae, encoders }: Pipeline, { width, height, clipSkip }: GenerateSettings): void {
  const factor = vaeFactor(vae)
  if (width % factor !== 0 || height % factor !== 0)
    throw new UserError(`${width} x ${height} does not suit this base.`, `Choose sides that divide by ${factor}.`)
  const layers = Math.min(...encoders.map(({ config }) => config.layers))
  if (clipSkip > layers)
    throw new UserError(`Clip skip ${clipSkip} is more than this base has.`, `Choose 1 to ${layers}.`)
}
