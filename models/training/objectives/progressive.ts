import { join } from 'node:path'
import { f32 } from '../../tensor/tensor.ts'
import { Order } from '../data/order.ts'
import { wholeBatches } from '../data/split.ts'
import type { RecipeOf } from '../recipe.ts'
import { saveGuide } from '../results/guide.ts'
import { apart } from '../states/apart.ts'
import { openStepStates, stepAbout } from '../states/step-states.ts'
import { meansOf, take, toldOf } from '../states/teacher.ts'
import { type Feed, openLook } from '../step.ts'
import { Trained } from '../trained.ts'
import { guidedLoss } from './guided-pass.ts'
import { fittedBase, openWorkshop } from './guiding.ts'
import type { OpenObjective, Trainees } from './objective.ts'

/**
 * Stage two of a guide: it learns to take two of its own steps in one, while the base stays as it is (Salimans and Ho
 * 2022). One halving; a recipe of several is trained one after another (see `stages.ts`).
 */
export const progressive: OpenObjective<RecipeOf<'progressive'>> = async (recipe, setting) => {
  const workshop = await openWorkshop(recipe, setting)
  const { pipeline, texts, latent, size } = workshop
  const prediction = await pipeline.prediction()
  const steps = recipe.stages[1] as number
  const trained = new Trained()
  const parameters = trained.parameters('', workshop.guide.start)
  const { batch, recompute } = recipe
  const graph = guidedLoss({ ...workshop, ...workshop.guide, ...texts, parameters, batch, recompute })
  const initial = await trained.initial()
  const states = await openStepStates(
    {
      ...workshop,
      ...recipe.states,
      ...{ steps, seed: recipe.seed, guidance: recipe.guidance, guide: workshop.plugged(initial) },
      key: JSON.stringify([recipe, workshop.prompts.texts, latent]),
    },
    setting,
  )
  // The teacher has said all; its memory is for the step.
  await pipeline.sessions.release()
  const { seen, held } = apart(states.count, wholeBatches(recipe.states.held, batch))
  const order = new Order(recipe.seed, seen)

  async function feed(indices: readonly number[]): Promise<Feed> {
    const [samples, targets, facts] = await Promise.all([
      states.read('sample', indices),
      states.read('target', indices),
      states.read('about', indices),
    ])
    const fact = (of: keyof typeof stepAbout) => indices.map((_, i) => facts[i * 4 + stepAbout[of]] as number)
    const latents = (values: Float32Array) => f32(values, [batch, ...latent])
    const ones = f32(new Float32Array(batch).fill(1))
    const energies = indices.map((_, i) => take(targets, i, size).reduce((sum, value) => sum + value * value, 0) / size)
    return {
      ...{ sample: latents(samples), target: latents(targets), weight: ones },
      ...{ timestep: f32(Float32Array.from(fact('timestep'))), guidance: f32(Float32Array.from(fact('guidance'))) },
      energy: f32(Float32Array.from(energies)),
      ...(await toldOf(texts, fact('positive'), pipeline)),
      positive: await meansOf(texts, fact('positive')),
      negative: await meansOf(texts, fact('negative')),
    }
  }

  /** Mean squared error of the prediction on what is kept aside. */
  async function evaluate(weights: Trainees): Promise<Record<string, number>> {
    if (held.length === 0) return {}
    const look = await openLook({ squares: graph.squares }, setting.threads)
    try {
      let sum = 0
      for (let first = 0; first < held.length; first += batch) {
        const own = await feed(held.slice(first, first + batch))
        const { squares = [] } = await look.run(own, weights)
        for (const square of squares) sum += square
      }
      return { [`error ${steps} steps`]: sum / held.length }
    } finally {
      await look.release()
    }
  }

  return {
    graph: { ...graph, trained: trained.inputs },
    initial,
    batches: step =>
      Promise.all(
        Array.from({ length: recipe.accumulate }, (_, part) =>
          feed(order.at((step * recipe.accumulate + part) * batch, batch)),
        ),
      ),
    evaluate,
    samples: weights => workshop.samples(weights, steps),
    save: (weights, provenance) =>
      saveGuide(join(setting.folder.result, 'guide.safetensors'), weights, provenance, {
        ...workshop.guide,
        base: fittedBase(pipeline, prediction),
        guidance: recipe.guidance,
        steps: [steps, steps],
      }),
  }
}
