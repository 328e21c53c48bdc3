import { gradients } from '../graph/gradient.ts'
import { toOnnx } from '../graph/onnx/write.ts'
import type { Input, Value } from '../graph/value.ts'
import { topological } from '../graph/walk.ts'
import { openSession } from '../runtime/session.ts'
import type { F32Tensor, Tensor } from '../tensor/tensor.ts'
import { average } from './average.ts'
import type { Weights } from './weights.ts'

/** One batch as a graph of static shapes: its inputs are what a batch feeds, and the weights that are trained. */
export interface TrainingGraph {
  /** f32 []: the mean over the batch. */
  readonly loss: Value
  /** Other numbers f32 [] that are worth telling. */
  readonly measures?: Readonly<Record<string, Value>>
  readonly trained: ReadonlyMap<string, Input>
  /** Between these, values are computed anew on the way back rather than kept; see `gradients`. */
  readonly boundaries?: readonly Value[] | undefined
}

/** What a batch feeds into the graph, by input. */
export type Feed = Readonly<Record<string, Tensor>>

/** The loss of one or more batches and what was measured beside it. */
export type Told = Readonly<Record<string, number>>

/** Loss and gradients in one session. */
export interface Step {
  /** Runs one batch: adds the gradients to those of the weights, and gives the loss and the measures. */
  run(feed: Feed, weights: Weights): Promise<Told>
  release(): Promise<void>
}

/** Loads a training graph with its gradients. `threads` decides in which order sums are made, so it decides the last bits. */
export async function openStep(
  { loss, measures = {}, trained, boundaries }: TrainingGraph,
  threads: number,
): Promise<Step> {
  const names = [...trained.keys()]
  const slopes = gradients(loss, [...trained.values()], boundaries)
  const model = toOnnx({
    ':loss': loss,
    ...Object.fromEntries(Object.entries(measures).map(([name, value]) => [`:${name}`, value])),
    ...Object.fromEntries(names.map((name, i) => [`:d ${name}`, slopes[i] as Value])),
  })
  const session = await openSession(model, { threads, pattern: false })
  return {
    async run(feed, weights) {
      const results = await session.run({ ...feed, ...weights.inputs() })
      for (const tensor of weights.tensors)
        weights.addGradient(tensor, results[`:d ${tensor.name}`]?.data as Float32Array)
      const number = (name: string) => Number(results[`:${name}`]?.data[0])
      return Object.fromEntries(['loss', ...Object.keys(measures)].map(name => [name, number(name)]))
    },
    release: () => session.release(),
  }
}

/** Some values of a graph without gradients, to look at what weights do. */
export interface Look {
  /** The values of each output, in order. */
  run(feed: Feed, weights: ReadonlyMap<string, F32Tensor>): Promise<Record<string, Float32Array>>
  release(): Promise<void>
}

/** Loads outputs of a graph, all f32. What is fed beside their inputs is not heeded. */
export async function openLook(outputs: Readonly<Record<string, Value>>, threads: number): Promise<Look> {
  const inputs = new Set(
    topological(Object.values(outputs)).flatMap(value => (value.kind === 'input' ? [value.name] : [])),
  )
  const names = Object.keys(outputs)
  const session = await openSession(
    toOnnx(Object.fromEntries(names.map(name => [`:${name}`, outputs[name] as Value]))),
    { threads, pattern: false },
  )
  return {
    async run(feed, weights) {
      const all = Object.entries({ ...feed, ...Object.fromEntries(weights) })
      const results = await session.run(Object.fromEntries(all.filter(([name]) => inputs.has(name))))
      return Object.fromEntries(names.map(name => [name, results[`:${name}`]?.data as Float32Array]))
    },
    release: () => session.release(),
  }
}

/** The means of some numbers f32 [] over batches; nothing where there are no batches. */
export async function measure(
  numbers: Readonly<Record<string, Value>>,
  batches: readonly (() => Promise<Feed>)[],
  weights: ReadonlyMap<string, F32Tensor>,
  threads: number,
): Promise<Record<string, number>> {
  if (batches.length === 0) return {}
  const look = await openLook(numbers, threads)
  try {
    const told: Told[] = []
    for (const feed of batches) {
      const results = await look.run(await feed(), weights)
      told.push(Object.fromEntries(Object.keys(numbers).map(name => [name, results[name]?.[0] as number])))
    }
    return average(told)
  } finally {
    await look.release()
  }
}
