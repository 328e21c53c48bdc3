import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { asBase } from '../../checkpoint/as-base.ts'
import type { TextPart } from '../../checkpoint/checkpoint.ts'
import { describeModel } from '../../checkpoint/describe.ts'
import { assemble } from '../../pipelines/assemble.ts'
import { parametersOf } from '../../pipelines/parameters.ts'
import type { RecipeOf } from '../recipe.ts'
import { architectureOf } from '../results/architecture.ts'
import { saveBase } from '../results/base.ts'
import { makeBase } from '../results/new-base.ts'
import { provenanceMetadata } from '../results/provenance.ts'
import { fromPart, Trained } from '../trained.ts'
import { openNoising } from './noising.ts'
import type { OpenObjective, Sample, Trainees } from './objective.ts'
import { paintCaptions } from './paint-captions.ts'

/** Trains a base's UNet on pictures, from nothing or from where it is, and its text encoders along where the recipe says so. */
export const denoise: OpenObjective<RecipeOf<'denoise'>> = async (recipe, setting) => {
  const path = recipe.base ?? (await makeBase(join(setting.folder.cache, 'start'), recipe))
  const noising = await openNoising(path, recipe, setting)
  const { base, schedule, pack, split } = noising
  const trained = new Trained()
  // One from nothing has everything to learn, its text encoder too.
  const trainText = recipe.trainText || recipe.base === undefined
  const graph = noising.loss({
    unet: () => trained.parameters('unet.', fromPart(base.unet)),
    text(index) {
      const part = base.textEncoders[index] as TextPart
      return trainText ? trained.parameters(`${part.name}.`, fromPart(part)) : parametersOf(part)
    },
  })

  const save = (folder: string, weights: Trainees, metadata: Readonly<Record<string, string>>) =>
    saveBase(folder, { base, trained: weights, schedule, merges: setting.merges, metadata })

  /** Painted by the base as it would be written. */
  async function samples(weights: Trainees): Promise<Sample[]> {
    const folder = join(setting.folder.cache, 'sample')
    const pipeline = await assemble(asBase(await describeModel(await save(folder, weights, {}))), setting)
    try {
      return await paintCaptions(pipeline, pack, split)
    } finally {
      await pipeline.sessions.release()
      await rm(folder, { recursive: true, force: true })
    }
  }

  return {
    graph: { ...graph, trained: trained.inputs },
    initial: await trained.initial(),
    batches: noising.batches,
    evaluate: weights => noising.evaluate(graph.loss, weights),
    samples,
    save: (weights, provenance) =>
      save(setting.folder.result, weights, provenanceMetadata(provenance, architectureOf(base, schedule))),
  }
}
