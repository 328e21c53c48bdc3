import { UserError } from '../../errors.ts'
import type { Pipeline } from '../../pipelines/assemble.ts'
import type { Guide } from '../../pipelines/guide.ts'
import { f32, type Shape, type Tensor } from '../../tensor/tensor.ts'
import type { Texts } from './texts.ts'

/** A prompt and its negative prompt, as places among the texts. */
export interface Asked {
  readonly positive: number
  readonly negative: number
}

/** The frozen base, asked for many states at once. All arrays are [n, channels, h, w]. */
export interface Teacher {
  /** What it predicts with the prompts, and with the negative ones. */
  both(
    samples: Float32Array,
    asked: readonly Asked[],
    timesteps: readonly number[],
  ): Promise<{ positive: Float32Array; negative: Float32Array }>
  /** What it predicts in one pass with a guide plugged into it. */
  guided(
    samples: Float32Array,
    asked: readonly Asked[],
    timesteps: readonly number[],
    scales: readonly number[],
    guide: Guide,
  ): Promise<Float32Array>
}

/** Most examples that go through the network together. */
const mostTogether = 32

/** @param shape of one latent: [channels, h, w] */
export function openTeacher(pipeline: Pipeline, texts: Texts, shape: Shape): Teacher {
  const size = shape.reduce((n, side) => n * side, 1)

  async function predict(
    samples: Float32Array,
    prompts: readonly number[],
    timesteps: readonly number[],
    guided?: { guide: Guide; negatives: readonly number[]; scales: readonly number[] },
  ): Promise<Float32Array> {
    const session = await pipeline.sessions.unet(guided?.guide)
    const said = new Float32Array(samples.length)
    for (let first = 0; first < prompts.length; first += mostTogether) {
      const last = Math.min(first + mostTogether, prompts.length)
      const { prediction } = await session.run({
        sample: f32(samples.subarray(first * size, last * size), [last - first, ...shape]),
        timestep: f32(Float32Array.from(timesteps.slice(first, last))),
        ...(await toldOf(texts, prompts.slice(first, last), pipeline)),
        ...(guided && {
          guidance: f32(Float32Array.from(guided.scales.slice(first, last))),
          positive: await meansOf(texts, prompts.slice(first, last)),
          negative: await meansOf(texts, guided.negatives.slice(first, last)),
        }),
      })
      const data = prediction?.data as Float32Array
      if (!data.every(Number.isFinite))
        throw new UserError('The base computes numbers that are not finite.', 'Choose another base.')
      said.set(data, first * size)
    }
    return said
  }

  const of = (asked: readonly Asked[], which: keyof Asked) => asked.map(prompts => prompts[which])
  return {
    async both(samples, asked, timesteps) {
      const twice = new Float32Array(samples.length * 2)
      twice.set(samples)
      twice.set(samples, samples.length)
      const prompts = [...of(asked, 'positive'), ...of(asked, 'negative')]
      const said = await predict(twice, prompts, [...timesteps, ...timesteps])
      return { positive: said.subarray(0, samples.length), negative: said.subarray(samples.length) }
    },
    guided: (samples, asked, timesteps, scales, guide) =>
      predict(samples, of(asked, 'positive'), timesteps, { guide, scales, negatives: of(asked, 'negative') }),
  }
}

/** What a UNet is told of some texts. */
export async function toldOf(
  { store, tokens, width, pooled }: Texts,
  texts: readonly number[],
  { base, unet }: Pick<Pipeline, 'base' | 'unet'>,
): Promise<Record<string, Tensor>> {
  const context = f32(await store.read('states', texts), [texts.length, tokens, width])
  if (unet.additionInputs === undefined) return { context }
  const side = base.unet.config?.sample_size
  const pixels = (typeof side === 'number' ? side : 128) * 8
  const sizes = texts.flatMap(() => [pixels, pixels, 0, 0, pixels, pixels])
  return {
    context,
    text_embeds: f32(await store.read('pooled', texts), [texts.length, pooled]),
    time_ids: f32(Float32Array.from(sizes), [texts.length, 6]),
  }
}

/** What a guide is told of some texts. */
export const meansOf = async ({ store, width }: Texts, texts: readonly number[]): Promise<Tensor> =>
  f32(await store.read('mean', texts), [texts.length, width])

/** One of several latents that lie one after another. */
export const take = (all: Float32Array, index: number, size: number): Float32Array =>
  all.subarray(index * size, (index + 1) * size)
