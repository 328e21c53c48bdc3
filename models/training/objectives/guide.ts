import { join } from 'node:path'
import { GuidanceError, guidanceEnergy } from '../../guidance/error.ts'
import { combine } from '../../samplers/steps.ts'
import { f32 } from '../../tensor/tensor.ts'
import { Order } from '../data/order.ts'
import { wholeBatches } from '../data/split.ts'
import { between, generatorAt, stream } from '../random.ts'
import type { RecipeOf } from '../recipe.ts'
import { saveGuide } from '../results/guide.ts'
import { apart } from '../states/apart.ts'
import { about, openGuideStates } from '../states/guide-states.ts'
import { meansOf, take, toldOf } from '../states/teacher.ts'
import { type Feed, openLook } from '../step.ts'
import { Trained } from '../trained.ts'
import { guidedLoss } from './guided-pass.ts'
import { fittedBase, openWorkshop } from './guiding.ts'
import type { OpenObjective, Trainees } from './objective.ts'

/** Guidance scales at which the error is measured on what is kept aside. */
const measuredScales = [2, 4, 8]

/** Steps of sample pictures. */
const sampleSteps = 16

/**
 * Stage one of a guide (Hsiao et al. 2024): one pass of the frozen base with the guide in it shall give what
 * classifier-free guidance makes of two, u + w (c - u), at any guidance scale of the range and with negative prompts.
 * Each example's squared error is divided by its guidance energy, |(w - 1) (c - u)|^2, plus a quarter of the mean of
 * those of the step: between the plain error, which high scales rule, and the normalised one, which low scales rule.
 */
export const guide: OpenObjective<RecipeOf<'guide'>> = async (recipe, setting) => {
  const workshop = await openWorkshop(recipe, setting)
  const { pipeline, texts, latent, size } = workshop
  const prediction = await pipeline.prediction()
  const states = await openGuideStates(
    {
      ...workshop,
      ...recipe.states,
      ...{ seed: recipe.seed, guidance: recipe.guidance, pictures: workshop.drawPicture },
      key: JSON.stringify([
        recipe.base,
        recipe.overrides,
        recipe.data,
        recipe.seed,
        recipe.guidance,
        recipe.states,
        workshop.prompts.texts,
        latent,
      ]),
    },
    setting,
  )
  // The teacher has said all; its memory is for the step.
  await pipeline.sessions.release()

  const trained = new Trained()
  const parameters = trained.parameters('', workshop.guide.start)
  const { batch, recompute } = recipe
  const graph = guidedLoss({ ...workshop, ...workshop.guide, ...texts, parameters, batch, recompute })
  const { seen, held } = apart(states.count, wholeBatches(recipe.states.held, batch))
  const order = new Order(recipe.seed, seen)

  /** What is fed for some states at guidance scales. */
  async function feeds(indices: readonly number[], scales: readonly number[]): Promise<Feed[]> {
    const [samples, c, u, facts] = await Promise.all([
      states.read('sample', indices),
      states.read('positive', indices),
      states.read('negative', indices),
      states.read('about', indices),
    ])
    const fact = (of: keyof typeof about) => indices.map((_, i) => facts[i * 4 + about[of]] as number)
    const targets = new Float32Array(samples.length)
    const energies = indices.map((_, i) => {
      const w = scales[i] as number
      const [positive, negative] = [take(c, i, size), take(u, i, size)]
      targets.set(combine([w, positive], [1 - w, negative]), i * size)
      return guidanceEnergy(positive, negative, w)
    })
    const quarter = energies.reduce((sum, energy) => sum + energy, 0) / energies.length / 4
    const all = {
      timestep: fact('timestep'),
      positive: fact('positive'),
      negative: fact('negative'),
      weights: energies.map(energy => 1 / (energy + quarter || 1)),
    }
    return Promise.all(
      Array.from({ length: indices.length / batch }, async (_, part) => {
        const cut = <T>(list: readonly T[]) => list.slice(part * batch, (part + 1) * batch)
        const vector = (values: readonly number[]) => f32(Float32Array.from(cut(values)))
        const latents = (values: Float32Array) => f32(take(values, part, size * batch), [batch, ...latent])
        return {
          ...{ sample: latents(samples), target: latents(targets), timestep: vector(all.timestep) },
          ...{ guidance: vector(scales), weight: vector(all.weights), energy: vector(energies) },
          ...(await toldOf(texts, cut(all.positive), pipeline)),
          positive: await meansOf(texts, cut(all.positive)),
          negative: await meansOf(texts, cut(all.negative)),
        }
      }),
    )
  }

  /** The guidance error of states that are noised pictures, and of those on the teacher's way. */
  async function evaluate(weights: Trainees): Promise<Record<string, number>> {
    if (held.length === 0) return {}
    const facts = await states.read('about', held)
    const look = await openLook({ squares: graph.squares }, setting.threads)
    try {
      const scores: Record<string, number> = {}
      for (const w of measuredScales) {
        const errors = { noised: new GuidanceError(), teacher: new GuidanceError() }
        const batches = await feeds(
          held,
          held.map(() => w),
        )
        for (const [part, feed] of batches.entries()) {
          const { squares = [] } = await look.run(feed, weights)
          for (const [i, square] of squares.entries()) {
            const own = errors[facts[(part * batch + i) * 4 + about.noised] === 1 ? 'noised' : 'teacher']
            own.add(square, Number(feed.energy?.data[i]))
          }
        }
        for (const [kind, { value }] of Object.entries(errors))
          if (value !== undefined) scores[`error w=${w} ${kind}`] = value
      }
      return scores
    } finally {
      await look.release()
    }
  }

  return {
    graph: { ...graph, trained: trained.inputs },
    initial: await trained.initial(),
    batches(step) {
      const count = batch * recipe.accumulate
      const generator = generatorAt(recipe.seed, stream.guidance, step)
      return feeds(
        order.at(step * count, count),
        Array.from({ length: count }, () => between(generator, ...recipe.guidance)),
      )
    },
    evaluate,
    samples: weights => workshop.samples(weights, sampleSteps),
    shown: workshop.shown(sampleSteps),
    save: (weights, provenance) =>
      saveGuide(join(setting.folder.result, 'guide.safetensors'), weights, provenance, {
        ...workshop.guide,
        base: fittedBase(pipeline, prediction),
        guidance: recipe.guidance,
      }),
  }
}
