import { unetConfig } from '../../checkpoint/config/unet.ts'
import { add } from '../../graph/ops/add.ts'
import { div } from '../../graph/ops/div.ts'
import { mul } from '../../graph/ops/mul.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { sub } from '../../graph/ops/sub.ts'
import { mean, meanAll, sum } from '../../graph/ops/sum.ts'
import { type Input, input, scalar, type Value } from '../../graph/value.ts'
import { type GuideKindName, guideKinds } from '../../networks/guide/index.ts'
import type { GuideConfig } from '../../networks/guide/kind.ts'
import type { Parameters } from '../../networks/parameters.ts'
import { unet } from '../../networks/unet/unet.ts'
import type { Pipeline } from '../../pipelines/assemble.ts'
import { parametersOf } from '../../pipelines/parameters.ts'
import type { Shape } from '../../tensor/tensor.ts'
import { notingBlocks } from '../blocks.ts'
import type { TrainingGraph } from '../step.ts'

/** Where no example has any guidance there is nothing to divide by. */
const tiny = scalar(1e-12)

interface GuidedPass {
  readonly pipeline: Pick<Pipeline, 'base' | 'unet'>
  readonly kind: GuideKindName
  readonly config: GuideConfig
  readonly parameters: Parameters
  /** Of one latent: [channels, h, w]. */
  readonly latent: Shape
  readonly batch: number
  readonly recompute: boolean
  readonly tokens: number
  readonly pooled: number
}

/** One pass of a frozen base with a guide that is trained, held against a target. */
export interface GuidedLoss extends Omit<TrainingGraph, 'trained'> {
  /** Mean squared difference to the target of each example: f32 [batch]. */
  readonly squares: Value
}

/**
 * The loss of a guide: the mean over the examples of `weight` times the mean squared difference to `target`. What is
 * fed: `sample` and `target` f32 [batch, channels, h, w]; `timestep`, `guidance`, `weight` and `energy` [batch];
 * `context`, `positive` and `negative`, and SDXL's `text_embeds` and `time_ids`. The measure `error` is the squared
 * difference as a share of `energy`, that of no guidance.
 */
export function guidedLoss({
  pipeline,
  kind,
  config,
  parameters,
  latent,
  batch,
  recompute,
  tokens,
  pooled,
}: GuidedPass): GuidedLoss {
  const { base } = pipeline
  const shape = unetConfig(base.unet)
  const width = shape.crossAttentionDim
  const f32 = (name: string, ...sizes: number[]): Input => input(name, { shape: [batch, ...sizes], dtype: 'f32' })
  const [sample, timestep] = [f32('sample', ...latent), f32('timestep')]
  const told = { guidance: f32('guidance'), positive: f32('positive', width), negative: f32('negative', width) }
  const blocks: Value[] = []
  const inject = notingBlocks(blocks, guideKinds[kind].inject(config, parameters, { sample, timestep, ...told }))
  const added = pooled > 0 ? { textEmbeds: f32('text_embeds', pooled), timeIds: f32('time_ids', 6) } : undefined
  const context = f32('context', tokens, width)
  const prediction = unet(shape, parametersOf(base.unet), { sample, timestep, context, added }, inject)
  const difference = sub(prediction, f32('target', ...latent))
  const squares = reshape(mean(mul(difference, difference), [1, 2, 3]), [batch])
  return {
    squares,
    boundaries: recompute ? blocks : [],
    loss: meanAll(mul(squares, f32('weight'))),
    measures: { error: reshape(div(sum(squares, [0]), add(sum(f32('energy'), [0]), tiny)), []) },
  }
}
