import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asLora } from '../../checkpoint/as-lora.ts'
import type { TextPart } from '../../checkpoint/checkpoint.ts'
import { describeModel } from '../../checkpoint/describe.ts'
import { add } from '../../graph/ops/add.ts'
import { conv2d } from '../../graph/ops/conv2d.ts'
import { linear } from '../../graph/ops/linear.ts'
import { mul } from '../../graph/ops/mul.ts'
import { scalar, type Value } from '../../graph/value.ts'
import { type Inject, injected } from '../../networks/parameters.ts'
import { plugged } from '../../pipelines/assemble.ts'
import { loadLora } from '../../pipelines/lora/load.ts'
import { parametersOf } from '../../pipelines/parameters.ts'
import { elements, f32 } from '../../tensor/tensor.ts'
import { generatorAt, stream } from '../random.ts'
import type { RecipeOf } from '../recipe.ts'
import { architectureOf } from '../results/architecture.ts'
import { saveLora } from '../results/lora.ts'
import type { Provenance } from '../results/provenance.ts'
import { fresh, type Start, Trained } from '../trained.ts'
import { openNoising } from './noising.ts'
import type { OpenObjective, Sample, Trainees } from './objective.ts'
import { paintCaptions } from './paint-captions.ts'

/** What is changed: all of a UNet's transformers, and of a text encoder's layers, as kohya's networks.lora has it. */
const changed = /(?:attn[12][.]to_(?:q|k|v|out[.]0)|ff[.]net[.](?:0[.]proj|2)|proj_in|proj_out)$/
const changedText = /(?:self_attn[.](?:q|k|v|out)_proj|mlp[.]fc[12])$/

/** Fine-tunes a base as a low-rank change of its layers (Hu et al. 2021): out + up(down(from)) alpha / rank. */
export const lora: OpenObjective<RecipeOf<'lora'>> = async (recipe, setting) => {
  const noising = await openNoising(recipe.base, recipe, setting)
  const { base, pipeline, schedule, pack, split } = noising
  const { rank, alpha = rank } = recipe
  const trained = new Trained()
  const random = fresh(generatorAt(recipe.seed, stream.weights))
  // `up` begins at zero, so that nothing is changed yet.
  const start: Start = (name, shape) =>
    name.endsWith('.up') ? f32(new Float32Array(elements(shape)), shape) : random(name, shape)

  const change = (network: string, places: RegExp): Inject => {
    const parameters = trained.parameters(`${network}.`, start)
    return (place, out, acting) => {
      if (!acting || !places.test(place)) return out
      const isPicture = out.shape.length === 4
      const layer = (name: string, x: Value, given: number): Value => {
        const taken = x.shape.at(isPicture ? 1 : -1) as number
        const weight = parameters(`${place}.${name}`, isPicture ? [given, taken, 1, 1] : [given, taken])
        return isPicture ? conv2d(x, weight, undefined) : linear(x, weight)
      }
      const given = out.shape.at(isPicture ? 1 : -1) as number
      return add(out, mul(layer('up', layer('down', acting.from, rank), given), scalar(alpha / rank)))
    }
  }

  const graph = noising.loss({
    unet: () => parametersOf(base.unet),
    inject: change('unet', changed),
    text(index) {
      const part = base.textEncoders[index] as TextPart
      return injected(parametersOf(part), recipe.trainText ? change(part.name, changedText) : undefined)
    },
  })
  const save = (path: string, weights: Trainees, provenance?: Provenance) =>
    saveLora(path, weights, {
      ...{ base, rank, alpha, layout: recipe.layout, pictures: split.seen.length, provenance },
      architecture: architectureOf(base, schedule),
    })

  /** Painted by the base with the LoRA plugged in as it would be written. */
  async function samples(weights: Trainees): Promise<Sample[]> {
    const path = await save(join(setting.folder.cache, 'sample.safetensors'), weights)
    const own = await loadLora(asLora(await describeModel(path)), base)
    const painting = plugged(pipeline, [{ lora: own, strength: 1 }])
    try {
      return await paintCaptions(painting, pack, split)
    } finally {
      await painting.sessions.release()
      await rm(path, { force: true })
    }
  }

  return {
    graph: { ...graph, trained: trained.inputs },
    initial: await trained.initial(),
    batches: noising.batches,
    evaluate: weights => noising.evaluate(graph.loss, weights),
    samples,
    save: (weights, provenance) => save(join(setting.folder.result, 'lora.safetensors'), weights, provenance),
  }
}
