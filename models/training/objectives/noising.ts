import { asBase } from '../../checkpoint/as-base.ts'
import type { BaseCheckpoint } from '../../checkpoint/checkpoint.ts'
import { describeModel } from '../../checkpoint/describe.ts'
import { concat } from '../../graph/ops/concat.ts'
import { mul } from '../../graph/ops/mul.ts'
import { sub } from '../../graph/ops/sub.ts'
import { meanAll } from '../../graph/ops/sum.ts'
import { type Input, input, type Value } from '../../graph/value.ts'
import type { Inject, Parameters } from '../../networks/parameters.ts'
import { clipText } from '../../networks/text/clip.ts'
import type { AddedInputs } from '../../networks/unet/add-embedding.ts'
import { unet } from '../../networks/unet/unet.ts'
import { assemble, type Pipeline } from '../../pipelines/assemble.ts'
import { isPooled, takenStates } from '../../pipelines/encoders.ts'
import { trainedLevel } from '../../samplers/levels.ts'
import { Schedule, type ScheduleConfig } from '../../samplers/schedule.ts'
import { combine } from '../../samplers/steps.ts'
import { f32, i64, type Tensor } from '../../tensor/tensor.ts'
import { notingBlocks } from '../blocks.ts'
import { openData } from '../data/open.ts'
import { Order } from '../data/order.ts'
import type { Pack } from '../data/pack.ts'
import { firstChunk } from '../first-chunk.ts'
import { below, between, generatorAt, normals, stream } from '../random.ts'
import type { RecipeOf } from '../recipe.ts'
import { encodeLatents, type Latents } from '../states/latents.ts'
import { take } from '../states/teacher.ts'
import type { Feed, TrainingGraph } from '../step.ts'
import type { Setting } from './objective.ts'

/** Where the networks of a base take their parameters from. */
export interface Sources {
  unet(): Parameters
  text(encoder: number): Parameters
  readonly inject?: Inject
}

/** Noised pictures with captions, and what a base shall make of them. */
export interface Noising {
  readonly base: BaseCheckpoint
  readonly pipeline: Pipeline
  /** Noise levels and what is predicted, as the recipe has them. */
  readonly schedule: ScheduleConfig
  readonly pack: Pack
  /** The mean squared error of the prediction over a batch. */
  loss(sources: Sources): Pick<TrainingGraph, 'loss' | 'boundaries'>
  batches(step: number): Promise<Feed[]>
}

type NoisingRecipe = RecipeOf<'denoise' | 'lora'>

/**
 * Opens a base and a dataset for training on noised pictures (Ho et al. 2020): a picture's latent at a random level of
 * noise, its caption, or none in a share of the examples, and what the network shall predict of it.
 */
export async function openNoising(path: string, recipe: NoisingRecipe, setting: Setting): Promise<Noising> {
  const base = asBase(await describeModel(path))
  const pipeline = await assemble(base, { merges: setting.merges, threads: setting.threads })
  setting.closing.defer(() => pipeline.sessions.release())
  const own = recipe.objective === 'denoise' ? recipe : undefined
  const predictionType = own?.prediction ?? (await pipeline.prediction())
  const rescaleBetasZeroSnr = own?.zeroSnr ?? pipeline.schedule.rescaleBetasZeroSnr
  const isMoved = rescaleBetasZeroSnr && !pipeline.schedule.rescaleBetasZeroSnr
  // Steps have to begin where there is noise alone (Lin et al. 2023).
  const schedule: ScheduleConfig = {
    ...pipeline.schedule,
    predictionType,
    rescaleBetasZeroSnr,
    ...(isMoved && { spacing: 'trailing' }),
  }
  const pack = await openData(recipe.data, recipe.pixels, setting)
  const all = Array.from({ length: pack.count }, (_, i) => i)
  const latents = await encodeLatents(pipeline, pack, all, setting)
  // The encoders go through the step's own session from here on.
  await pipeline.sessions.release()
  const draw = examples(recipe, pipeline, schedule, pack, latents)
  return {
    ...{ base, pipeline, schedule, pack },
    loss: sources => lossOf(pipeline, sources, recipe, latents.shape),
    batches: step =>
      Promise.all(
        Array.from({ length: recipe.accumulate }, (_, part) => draw((step * recipe.accumulate + part) * recipe.batch)),
      ),
  }
}

function lossOf(
  { base, unet: config, encoders }: Pipeline,
  sources: Sources,
  { batch, recompute }: NoisingRecipe,
  latent: readonly number[],
): Pick<TrainingGraph, 'loss' | 'boundaries'> {
  const given = (name: string, ...sizes: number[]): Input => input(name, { shape: [batch, ...sizes], dtype: 'f32' })
  const blocks: Value[] = []
  const inject = notingBlocks(blocks, sources.inject)
  const states: Value[] = []
  let added: AddedInputs | undefined
  for (const [index, { config: text }] of encoders.entries()) {
    const ids = input(`ids ${index}`, { shape: [batch, text.positions], dtype: 'i64' })
    const told = clipText(text, sources.text(index), ids)
    states.push(takenStates[base.architecture](told, 1))
    if (isPooled(base, index))
      added = {
        textEmbeds: told.pooled(input('ends', { shape: [batch], dtype: 'i64' })),
        timeIds: given('time_ids', 6),
      }
  }
  const context = states.length === 1 ? (states[0] as Value) : concat(states, 2)
  const inputs = { sample: given('sample', ...latent), timestep: given('timestep'), context, added }
  const difference = sub(unet(config, sources.unet(), inputs, inject), given('target', ...latent))
  return { loss: meanAll(mul(difference, difference)), boundaries: recompute ? blocks : [] }
}

/** What is drawn for each example: from the seed and its place in the run alone, however batches are cut. */
function examples(
  recipe: NoisingRecipe,
  { base, encoders }: Pipeline,
  config: ScheduleConfig,
  pack: Pack,
  { store, shape }: Latents,
) {
  const schedule = new Schedule(config)
  const order = new Order(recipe.seed, pack.count)
  const size = shape[0] * shape[1] * shape[2]
  const { width, height } = pack

  return async (first: number): Promise<Feed> => {
    const chosen = order.at(first, recipe.batch)
    const clean = await store.read('latent', chosen)
    const [samples, targets] = [new Float32Array(clean.length), new Float32Array(clean.length)]
    const timesteps: number[] = []
    const captions = chosen.map((index, i) => {
      const place = first + i
      const level = trainedLevel(schedule, below(generatorAt(recipe.seed, stream.levels, place), config.trainTimesteps))
      const noise = normals(generatorAt(recipe.seed, stream.noise, place), size)
      const [x, { alpha, sigma }] = [take(clean, i, size), level]
      samples.set(combine([alpha, x], [sigma, noise]), i * size)
      targets.set(targetOf(config.predictionType, x, noise, level), i * size)
      timesteps.push(level.timestep)
      const isDropped = between(generatorAt(recipe.seed, stream.captions, place), 0, 1) < recipe.captionDropout
      return isDropped ? '' : (pack.captions[index] as string)
    })
    const latents = (values: Float32Array) => f32(values, [recipe.batch, ...shape])
    const texts: Record<string, Tensor> = {}
    for (const [index, { config: text, tokenizer }] of encoders.entries()) {
      // A caption that is longer than a chunk is cut.
      const rows = captions.map(caption => firstChunk(caption, tokenizer, text.positions))
      texts[`ids ${index}`] = i64(rows.flat(), [recipe.batch, text.positions])
      if (isPooled(base, index)) {
        texts.ends = i64(rows.map((row, i) => i * text.positions + row.indexOf(tokenizer.eos)))
        const sizes = rows.flatMap(() => [height, width, 0, 0, height, width])
        texts.time_ids = f32(Float32Array.from(sizes), [recipe.batch, 6])
      }
    }
    return { sample: latents(samples), target: latents(targets), timestep: f32(Float32Array.from(timesteps)), ...texts }
  }
}

function targetOf(
  prediction: ScheduleConfig['predictionType'],
  x: Float32Array,
  noise: Float32Array,
  { alpha, sigma }: { alpha: number; sigma: number },
): Float32Array {
  switch (prediction) {
    case 'epsilon':
      return noise
    case 'v_prediction':
      return combine([alpha, noise], [-sigma, x])
    case 'sample':
      return x
  }
}
