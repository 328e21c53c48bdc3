import type { Pipeline } from '../../pipelines/assemble.ts'
import { type CancelSignal, pause } from '../../pipelines/cancel.ts'
import type { Guide } from '../../pipelines/guide.ts'
import type { Shape } from '../../tensor/tensor.ts'
import { type Asked, openTeacher, take } from '../../training/states/teacher.ts'
import type { Texts } from '../../training/states/texts.ts'

/** What the base with a guide in it says of some states; all arrays are [n, channels, h, w]. */
export interface Ask {
  /** With the prompts, and with the negative ones, without guidance. */
  both(samples: Float32Array, asked: readonly Asked[], timestep: number): Promise<Both>
  /** In one pass, guided with scale w. */
  guided(samples: Float32Array, asked: readonly Asked[], timestep: number, w: number): Promise<Float32Array>
}

interface Both {
  readonly positive: Float32Array
  readonly negative: Float32Array
}

/**
 * Asks one session for all three predictions: at w = 1 a guide adds exactly nothing, so the base need not be loaded a
 * second time without it.
 * @param shape of one latent: [channels, h, w]
 */
export function openAsk(pipeline: Pipeline, texts: Texts, shape: Shape, guide: Guide, signal?: CancelSignal): Ask {
  const teacher = openTeacher(pipeline, texts, shape)
  const ask = async (samples: Float32Array, asked: readonly Asked[], timestep: number, w: number) => {
    await pause(signal)
    const each = (value: number) => asked.map(() => value)
    return teacher.guided(samples, asked, each(timestep), each(w), guide)
  }
  return {
    guided: ask,
    async both(samples, asked, timestep) {
      const twice = new Float32Array(samples.length * 2)
      twice.set(samples)
      twice.set(samples, samples.length)
      const opposite = asked.map(({ negative }) => ({ positive: negative, negative }))
      const said = await ask(twice, [...asked, ...opposite], timestep, 1)
      return { positive: take(said, 0, samples.length), negative: take(said, 1, samples.length) }
    },
  }
}
