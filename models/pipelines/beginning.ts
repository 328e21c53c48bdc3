import { vaeFactor } from '../networks/vae/config.ts'
import type { NoiseLevel, Plan, SampleRun } from '../samplers/sampler.ts'
import type { Pipeline } from './assemble.ts'
import { join } from './join.ts'
import { drawn, type Encoded, encoded, type OnRun } from './latents.ts'
import { cellsOf, composed, withoutMasked } from './mask.ts'
import type { GenerateSettings } from './settings.ts'

/** Where the pictures of a request begin: what they share, encoded once. */
export interface Beginning {
  /** Index of the first step. */
  readonly start: number
  /** What one picture begins with; draws from its generator as diffusers' pipelines do, in their order. */
  draw(noise: () => Float32Array): Begun
}

export interface Begun extends Pick<SampleRun, 'x' | 'hold'> {
  /** What an inpainting UNet sees behind the latent: the mask's cells and the latent of what is kept, [1 + channels, h, w]. */
  readonly beside?: Float32Array | undefined
}

/**
 * Encodes what a request begins with: noise alone, a picture (diffusers' image-to-image pipeline), or a picture and a
 * mask (its inpainting pipeline, which begins at strength 1 with noise alone). To an inpainting base no mask is one that
 * paints everything anew. Throws `UserError` where a mask leaves nothing to paint, and what `onRun` throws between two
 * runs of the VAE.
 */
export async function beginning(
  pipeline: Pipeline,
  { init, width, height, steps }: GenerateSettings,
  plan: Plan,
  onRun?: OnRun,
): Promise<Beginning> {
  const inpaints = pipeline.base.variant === 'inpainting'
  const strength = init?.strength ?? 1
  const start = steps - Math.min(Math.floor(steps * strength), steps)
  const factor = vaeFactor(pipeline.vae)
  const cells = init?.mask && cellsOf(init.mask, width, factor)
  const fromNoise = !init || (strength === 1 && (inpaints || cells !== undefined))
  const encode = (pixels: Float32Array) => encoded(pipeline, pixels, width, height, onRun)
  const picture = init && !(inpaints && fromNoise) ? await encode(init.pixels) : undefined
  const kept = inpaints ? await encode(init ? withoutMasked(init) : new Float32Array(3 * width * height)) : undefined
  const latent = (of: Encoded, normals: Float32Array) => drawn(pipeline.vae, of, normals)
  return {
    start,
    draw(noise) {
      const clean = picture && latent(picture, noise())
      const normals = noise()
      const x =
        fromNoise || !clean
          ? normals.map(value => value * plan.initNoiseSigma)
          : noised(clean, normals, plan.levels[start])
      // Drawn for the kept part, also for a UNet that does not see it.
      const last = inpaints || cells ? noise() : undefined
      if (kept && last) {
        const seen = cells ?? new Float32Array((width * height) / factor ** 2).fill(1)
        return { x, beside: join([seen, latent(kept, last)]) }
      }
      return {
        x,
        ...(cells && clean && { hold: (state, level) => composed(cells, state, noised(clean, normals, level)) }),
      }
    },
  }
}

/** A clean latent at a level of noise; a level that is missing (no step to take) adds none. */
function noised(x0: Float32Array, noise: Float32Array, level?: NoiseLevel): Float32Array {
  if (!level) return x0
  return x0.map((value, i) => level.alpha * value + level.sigma * (noise[i] as number))
}
