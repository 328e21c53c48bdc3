import type { Pipeline } from '../../pipelines/assemble.ts'
import type { CancelSignal } from '../../pipelines/cancel.ts'
import type { Guide } from '../../pipelines/guide.ts'
import { ddimJumps } from '../../samplers/ddim.ts'
import { Schedule } from '../../samplers/schedule.ts'
import { encodeTexts } from '../../training/states/texts.ts'
import { openAsk } from './ask.ts'
import type { Journey } from './ways.ts'

export interface StatesOptions {
  readonly pipeline: Pipeline
  readonly guide: Guide
  /** The first is asked for without a negative prompt as the empty text is. */
  readonly texts: readonly string[]
  /** Side of the latents. */
  readonly cells: number
  /** Where what the base is told of the texts is kept. */
  readonly cache: string
  readonly closing: AsyncDisposableStack
  readonly signal?: CancelSignal | undefined
  readonly tell?: ((doing: string, done: number, total: number) => void) | undefined
}

/**
 * Prepares latents to be asked about: `journey` begins some of them, each told one of the texts by its place. The base's
 * UNet is loaded once, with the guide in it. Of a long text counts what fits into one chunk. Throws the signal's reason
 * between two passes.
 */
export async function openStates({ pipeline, guide, texts, cells, cache, ...rest }: StatesOptions): Promise<{
  journey(asked: Journey['asked'], w: number, steps: number): Journey
  readonly size: number
}> {
  const { signal, tell = () => {}, closing } = rest
  const shape = [pipeline.unet.inChannels, cells, cells] as const
  const encoded = await encodeTexts(pipeline, texts, { folder: { cache }, signal, tell, closing })
  const ask = openAsk(pipeline, encoded, shape, guide, signal)
  const prediction = await pipeline.prediction()
  const schedule = new Schedule(pipeline.schedule)
  const size = shape[0] * cells * cells
  return {
    size,
    journey: (asked, w, steps) => ({ ask, asked, w, size, prediction, jumps: ddimJumps(schedule, steps) }),
  }
}
