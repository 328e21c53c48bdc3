import type { GuidanceMethod, Passes } from '../guidance/method.ts'
import { scaleInput, toX0 } from '../samplers/prediction.ts'
import type { Denoise } from '../samplers/sampler.ts'
import type { PredictionType } from '../samplers/schedule.ts'
import { f32, type Shape } from '../tensor/tensor.ts'
import type { Pipeline } from './assemble.ts'
import type { CancelSignal } from './cancel.ts'
import type { Conditioning } from './condition.ts'
import { requireFinite } from './finite.ts'

export interface Denoiser {
  readonly denoise: Denoise
  /** Network passes so far; a batch of two counts as two. */
  passes(): number
}

interface DenoiserSettings {
  readonly method: GuidanceMethod
  readonly guidance: number
  readonly prediction: PredictionType
  /** Of one picture's latent: [1, channels, h, w]. */
  readonly shape: Shape
  readonly signal?: CancelSignal | undefined
}

/** Makes the samplers' view of a network: x at a level of noise to the clean sample, by a guidance method. */
export async function denoiser(
  pipeline: Pipeline,
  { positive, negative, tokens, width }: Conditioning,
  { method, guidance, prediction, shape, signal }: DenoiserSettings,
): Promise<Denoiser> {
  const session = await pipeline.sessions.unet()
  const guide = method(guidance)
  let count = 0

  async function predict(
    x: Float32Array,
    timestep: number,
    contexts: readonly Float32Array[],
  ): Promise<Float32Array[]> {
    // onnxruntime lets waiting events in at every run: a cancel is seen by the next pass.
    signal?.throwIfAborted()
    const batch = contexts.length
    const results = await session.run({
      sample: f32(join(contexts.map(() => x)), [batch, ...shape.slice(1)]),
      timestep: f32(new Float32Array(batch).fill(timestep)),
      context: f32(join(contexts), [batch, tokens, width]),
    })
    count += batch
    const output = results.prediction
    if (output?.dtype !== 'f32') throw new Error('the UNet gave no prediction')
    await requireFinite(output.data, 'The UNet', [pipeline.base.unet])
    return contexts.map((_, i) => output.data.subarray(i * x.length, (i + 1) * x.length))
  }

  return {
    passes: () => count,
    async denoise(x, level) {
      const scaled = scaleInput(x, level)
      const passes: Passes = {
        async positive() {
          const [output] = await predict(scaled, level.timestep, [positive])
          return output as Float32Array
        },
        async both() {
          if (!negative) throw new Error('the method asks for the negative prompt, which was not encoded')
          const [n, p] = await predict(scaled, level.timestep, [negative, positive])
          return { negative: n as Float32Array, positive: p as Float32Array }
        },
      }
      return toX0(await guide(passes), x, level, prediction)
    },
  }
}

function join(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
