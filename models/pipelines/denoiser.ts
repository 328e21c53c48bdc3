import type { GuidanceMethod, Passes } from '../guidance/method.ts'
import { vaeFactor } from '../networks/vae/config.ts'
import { scaleInput, toX0 } from '../samplers/prediction.ts'
import type { Denoise } from '../samplers/sampler.ts'
import type { PredictionType } from '../samplers/schedule.ts'
import { f32, type Shape } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import type { CancelSignal } from './cancel.ts'
import type { Conditioning, OfBoth } from './condition.ts'
import { requireFinite } from './finite.ts'
import type { Guide } from './guide.ts'
import { join } from './join.ts'

export interface Denoiser {
  readonly denoise: Denoise
  /** Network passes so far; a batch of two counts as two. */
  passes(): number
}

interface DenoiserSettings {
  readonly method: ReturnType<GuidanceMethod>
  readonly guidance: number
  readonly prediction: PredictionType
  /** Of one picture's latent: [1, channels, h, w]. */
  readonly shape: Shape
  /** What the network sees behind the latent, as inpainting bases do: [more channels, h, w]. */
  readonly beside?: Float32Array | undefined
  readonly guide?: Guide | undefined
  /** Whether prompt and negative prompt go through the network in one batch. */
  readonly together: boolean
  readonly signal?: CancelSignal | undefined
}

/** Makes the samplers' view of a network: x at a level of noise to the clean sample, by a guidance method. */
export async function denoiser(
  pipeline: Pipeline,
  told: Conditioning,
  { method, guidance, prediction, shape, beside, guide, together, signal }: DenoiserSettings,
): Promise<Denoiser> {
  const session = await pipeline.sessions.unet(guide)
  const [height = 0, width = 0] = shape.slice(2).map(cells => cells * vaeFactor(pipeline.vae))
  // SDXL is told of a picture that was neither resized nor cropped.
  const sizes = Float32Array.of(height, width, 0, 0, height, width)
  const { inChannels: channels } = pipeline.unet
  let passes = 0
  let calls = 0

  async function predict(x: Float32Array, timestep: number, prompts: readonly (keyof OfBoth)[], w = 1) {
    // onnxruntime lets waiting events in at every run: a cancel is seen by the next pass.
    signal?.throwIfAborted()
    const batch = prompts.length
    const repeated = (row: Float32Array) => f32(join(prompts.map(() => row)), [batch, row.length])
    const each = (of: OfBoth) => join(prompts.map(prompt => needed(of[prompt])))
    const results = await session.run({
      sample: f32(join(prompts.flatMap(() => (beside ? [x, beside] : [x]))), [batch, channels, ...shape.slice(2)]),
      timestep: f32(new Float32Array(batch).fill(timestep)),
      context: f32(each(told), [batch, told.tokens, told.width]),
      ...(told.pooled && {
        text_embeds: f32(each(told.pooled), [batch, told.pooled.positive.length]),
        time_ids: repeated(sizes),
      }),
      ...(guide && {
        guidance: f32(new Float32Array(batch).fill(w)),
        positive: repeated(told.means.positive),
        negative: repeated(needed(told.means.negative)),
      }),
    })
    passes += batch
    const output = results.prediction
    if (output?.dtype !== 'f32') throw new Error('the UNet gave no prediction')
    await requireFinite(output.data, 'The UNet', [
      ...(guide ? [guide.part] : []),
      ...pipeline.loras.map(({ part }) => part),
      pipeline.base.unet,
    ])
    return prompts.map((_, i) => output.data.subarray(i * x.length, (i + 1) * x.length))
  }

  return {
    passes: () => passes,
    async denoise(x, level) {
      const scaled = scaleInput(x, level)
      const made: Passes = {
        async positive() {
          const [output] = await predict(scaled, level.timestep, ['positive'])
          return output as Float32Array
        },
        async both() {
          const prompts = ['negative', 'positive'] as const
          const [n, p] = together
            ? await predict(scaled, level.timestep, prompts)
            : await Array.fromAsync(prompts, async prompt => (await predict(scaled, level.timestep, [prompt]))[0])
          return { negative: n as Float32Array, positive: p as Float32Array }
        },
        async guided(w) {
          if (!guide) throw new Error('the method asks for a guide, and none is plugged in')
          const [output] = await predict(scaled, level.timestep, ['positive'], w)
          return output as Float32Array
        },
      }
      const call = { guidance, index: calls++, sigma: level.sigma / level.alpha }
      return toX0(await method(made, call), x, level, prediction)
    },
  }
}

function needed(negative: Float32Array | undefined): Float32Array {
  if (!negative) throw new Error('the method asks for the negative prompt, which was not encoded')
  return negative
}
