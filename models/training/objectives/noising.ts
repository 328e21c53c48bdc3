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
import { elements, f32, i64, type Tensor } from '../../tensor/tensor.ts'
import { notingBlocks } from '../blocks.ts'
import { openData } from '../data/open.ts'
import { Order } from '../data/order.ts'
import type { Pack } from '../data/pack.ts'
import { type Split, split } from '../data/split.ts'
import { firstChunk } from '../first-chunk.ts'
import { below, between, generatorAt, normals, stream } from '../random.ts'
import type { RecipeOf } from '../recipe.ts'
import { encodeLatents, type Latents } from '../states/latents.ts'
import { take } from '../states/teacher.ts'
import { type Feed, measure, type TrainingGraph } from '../step.ts'
import type { Setting, Trainees } from './objective.ts'

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
  readonly split: Split
  /** The mean squared error of the prediction over a batch. */
  loss(sources: Sources): Pick<TrainingGraph, 'loss' | 'boundaries'>
  batches(step: number): Promise<Feed[]>
  /** The loss on the pictures that are kept aside, each at the same level of noise and with the same noise every time. */
  evaluate(loss: Value, weights: Trainees): Promise<Record<string, number>>
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
  const { batch, accumulate } = recipe
  const parts = split(pack.count, recipe)
  const { seen, held } = examples(recipe, schedule, pack, parts, latents)
  const feed = feeder(pipeline, schedule, pack, latents)
  const batchOf = (example: (place: number) => Example, number: number) =>
    feed(Array.from({ length: batch }, (_, i) => example(number * batch + i)))
  return {
    ...{ base, pipeline, schedule, pack, split: parts },
    loss: sources => lossOf(pipeline, sources, recipe, latents.shape),
    batches: step =>
      Promise.all(Array.from({ length: accumulate }, (_, part) => batchOf(seen, step * accumulate + part))),
    evaluate: (loss, weights) =>
      measure(
        { 'held loss': loss },
        Array.from({ length: parts.held.length / batch }, (_, part) => () => batchOf(held, part)),
        weights,
        setting.threads,
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

/** A picture at a level of noise. */
interface Example {
  /** Its place in the dataset. */
  readonly picture: number
  readonly timestep: number
  readonly noise: Float32Array
  readonly caption: string
}

/**
 * What is drawn for each example: from the seed and its place in the run alone, however batches are cut. Those that are
 * kept aside are spread evenly over the levels, and keep their captions.
 */
function examples(
  { seed, captionDropout }: NoisingRecipe,
  { trainTimesteps }: ScheduleConfig,
  { captions }: Pack,
  parts: Split,
  { shape }: Latents,
): Record<keyof Split, (place: number) => Example> {
  const order = new Order(seed, parts.seen.length)
  const size = elements(shape)
  return {
    seen(place) {
      const picture = parts.seen[order.at(place, 1)[0] as number] as number
      const isDropped = between(generatorAt(seed, stream.captions, place), 0, 1) < captionDropout
      return {
        picture,
        timestep: below(generatorAt(seed, stream.levels, place), trainTimesteps),
        noise: normals(generatorAt(seed, stream.noise, place), size),
        caption: isDropped ? '' : (captions[picture] as string),
      }
    },
    held(place) {
      const picture = parts.held[place] as number
      const share = (place + between(generatorAt(seed, stream.held, place, 0), 0, 1)) / parts.held.length
      return {
        picture,
        timestep: Math.floor(share * trainTimesteps),
        noise: normals(generatorAt(seed, stream.held, place, 1), size),
        caption: captions[picture] as string,
      }
    },
  }
}

/** What is fed for a batch of examples. */
function feeder(
  { base, encoders }: Pipeline,
  config: ScheduleConfig,
  { width, height }: Pack,
  { store, shape }: Latents,
) {
  const schedule = new Schedule(config)
  const size = elements(shape)

  return async (examples: readonly Example[]): Promise<Feed> => {
    const count = examples.length
    const pictures = examples.map(({ picture }) => picture)
    const clean = await store.read('latent', pictures)
    const [samples, targets] = [new Float32Array(clean.length), new Float32Array(clean.length)]
    const timesteps = examples.map(({ timestep, noise }, i) => {
      const level = trainedLevel(schedule, timestep)
      const [x, { alpha, sigma }] = [take(clean, i, size), level]
      samples.set(combine([alpha, x], [sigma, noise]), i * size)
      targets.set(targetOf(config.predictionType, x, noise, level), i * size)
      return level.timestep
    })
    const latents = (values: Float32Array) => f32(values, [count, ...shape])
    const texts: Record<string, Tensor> = {}
    for (const [index, { config: text, tokenizer }] of encoders.entries()) {
      // A caption that is longer than a chunk is cut.
      const rows = examples.map(({ caption }) => firstChunk(caption, tokenizer, text.positions))
      texts[`ids ${index}`] = i64(rows.flat(), [count, text.positions])
      if (isPooled(base, index)) {
        texts.ends = i64(rows.map((row, i) => i * text.positions + row.indexOf(tokenizer.eos)))
        const sizes = rows.flatMap(() => [height, width, 0, 0, height, width])
        texts.time_ids = f32(Float32Array.from(sizes), [count, 6])
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
