import { availableParallelism } from 'node:os'
import { UserError } from '../errors.ts'
import { type CancelSignal, pause } from '../pipelines/cancel.ts'
import { average } from './average.ts'
import { objectiveOf } from './objectives/index.ts'
import { emaDecay } from './optimize/ema.ts'
import { clipScale, gradientNorm } from './optimize/gradient-norm.ts'
import { learningRateAt } from './optimize/learning-rate.ts'
import { Pace } from './pace.ts'
import type { Recipe } from './recipe.ts'
import { lastCheckpoint, writeCheckpoint } from './run/checkpoint.ts'
import { claimRun } from './run/claim.ts'
import { openRunFolder } from './run/folder.ts'
import { openMetrics } from './run/metrics.ts'
import { writeReferences, writeSamples } from './run/samples.ts'
import { openStep, type Told } from './step.ts'
import { Weights } from './weights.ts'

export interface TrainOptions {
  /** The run's folder. */
  readonly folder: string
  /** Whether a run that was begun there is gone on with; `auto` goes on where there is one, and begins where there is none. */
  readonly resume: boolean | 'auto'
  /**
   * Where states, latents and texts are kept, the run's own folder where it is left out. Runs one after another that ask
   * the same of the same base (guides of several kinds) find them there.
   */
  readonly cache?: string | undefined
  /** merges.txt of CLIP's own tokenizer, for bases that bring none. */
  readonly merges: string
  /** Looked at between two batches; what was learned until then is kept. */
  readonly signal?: CancelSignal | undefined
  readonly onProgress?: ((progress: TrainProgress) => void) | undefined
  /** On whose behalf the run is claimed; see `claimRun`. */
  readonly by?: string | undefined
}

export type TrainProgress =
  | { readonly phase: 'prepare'; readonly doing: string; readonly done: number; readonly total: number }
  | {
      readonly phase: 'train'
      readonly step: number
      readonly steps: number
      /** Step of the last checkpoint. */
      readonly saved: number
      /** Running mean of the loss. */
      readonly loss: number
      readonly examplesPerSecond: number
      readonly secondsLeft: number
    }

export interface TrainResult {
  /** Path of what came out. */
  readonly result: string
  readonly steps: number
  readonly examples: number
  /** Of training, without preparation. */
  readonly hours: number
  /** What was measured last on what is kept aside. */
  readonly scores: Readonly<Record<string, number>>
}

const adamEps = 1e-8

/**
 * Trains what a recipe says, and keeps everything in the run's folder. A run that was killed and is resumed gives bit
 * by bit the metrics of one that was not: each step's examples and noise follow from the seed and the step, a checkpoint
 * holds all that the next step depends on, and the number of threads, which decides in which order onnxruntime adds up,
 * is the one that the run began with.
 * @throws UserError for what a person can mend, and the signal's reason when it is cancelled, after a last checkpoint
 */
export async function train(recipe: Recipe, options: TrainOptions): Promise<TrainResult> {
  const { signal, onProgress, merges } = options
  await using closing = new AsyncDisposableStack()
  const folder = await openRunFolder(options.folder, recipe, options.resume, options.cache)
  await claimRun(folder.path, closing, options.by)
  if (options.cache !== undefined) await claimRun(options.cache, closing)
  const begun = await lastCheckpoint(folder.checkpoints)
  const threads = begun?.state.threads ?? recipe.threads ?? availableParallelism()
  const tell = (doing: string, done: number, total: number) => onProgress?.({ phase: 'prepare', doing, done, total })

  const objective = await objectiveOf(recipe, { folder, merges, threads, signal, tell, closing })
  const weights = new Weights(objective.initial)
  await begun?.fill(weights)
  let { step } = begun?.state ?? { step: 0 }
  let saved = step
  const metrics = await openMetrics(folder.metrics, step, closing)
  if (objective.shown && recipe.sampleEvery > 0 && step < recipe.steps)
    await writeReferences(folder.samples, objective.shown, { signal, tell })
  tell('loading the network', 0, 1)
  await pause(signal)
  const session = await openStep(objective.graph, threads)
  closing.defer(() => session.release())
  const pace = new Pace(recipe, begun?.state)
  let scores = step === recipe.steps ? await evaluate() : {}

  while (step < recipe.steps) {
    const batches = await objective.batches(step)
    const told: Told[] = []
    weights.clearGradients()
    for (const batch of batches) {
      await stopWhereCancelled()
      told.push(await session.run(batch, weights))
    }
    const { loss = Number.NaN, ...measures } = average(told)
    // The batches' gradients were added up; the loss is their mean.
    const norm = gradientNorm(weights.tensors.map(({ gradient }) => gradient)) / batches.length
    if (!Number.isFinite(loss + norm)) throw diverged(step + 1, saved)

    const learningRate = learningRateAt(step, recipe)
    const scale = clipScale(norm, recipe.clip) / batches.length
    step++
    weights.update(step, scale, { ...recipe, learningRate, eps: adamEps }, emaDecay(recipe.ema, step))

    const isKept = isDue(recipe.checkpointEvery)
    if (isKept) scores = await evaluate()
    await metrics.add({ step, loss, ...measures, gradientNorm: norm, learningRate, ...(isKept && scores) })
    if (isKept) await checkpoint()
    if (objective.samples && recipe.sampleEvery > 0 && isDue(recipe.sampleEvery)) {
      // Painting may be stopped in the middle, which must not take the step with it.
      if (saved !== step) await checkpoint()
      await writeSamples(folder.samples, step, await objective.samples(weights.result()))
    }
    onProgress?.({ phase: 'train', step, steps: recipe.steps, saved, ...pace.after(step, loss) })
  }
  const reached = { steps: step, examples: pace.examples(step), hours: pace.seconds() / 3600, scores }
  return { result: await objective.save(weights.result(), { recipe, ...reached }), ...reached }

  async function evaluate(): Promise<Record<string, number>> {
    return (await objective.evaluate?.(weights.result())) ?? {}
  }

  async function checkpoint(): Promise<void> {
    // What the checkpoint leads to must not be missing from the metrics.
    await metrics.sync()
    await writeCheckpoint(folder.checkpoints, weights, { step, threads, seconds: pace.seconds() })
    saved = step
  }

  function isDue(every: number): boolean {
    return step % every === 0 || step === recipe.steps
  }

  /** Between two batches nothing is half done: a cancelled run goes on from here. */
  async function stopWhereCancelled(): Promise<void> {
    try {
      await pause(signal)
    } catch (reason) {
      if (step !== saved) await checkpoint()
      throw reason
    }
  }
}

const diverged = (step: number, saved: number): UserError =>
  new UserError(
    `The loss is no longer a number at step ${step}; ${saved > 0 ? `the checkpoint of step ${saved} is kept` : 'there is no checkpoint yet'}.`,
    'Choose a lower learningRate in a new run, or more warmup.',
  )
