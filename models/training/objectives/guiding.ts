import { asBase } from '../../checkpoint/as-base.ts'
import { asGuide } from '../../checkpoint/as-guide.ts'
import type { GuideContent } from '../../checkpoint/checkpoint.ts'
import { unetConfig } from '../../checkpoint/config/unet.ts'
import { describeModel } from '../../checkpoint/describe.ts'
import { UserError } from '../../errors.ts'
import { constant } from '../../graph/value.ts'
import { type GuideKindName, guideKinds } from '../../networks/guide/index.ts'
import type { GuideConfig } from '../../networks/guide/kind.ts'
import type { Parameters } from '../../networks/parameters.ts'
import { vaeFactor } from '../../networks/vae/config.ts'
import { assemble, type Pipeline } from '../../pipelines/assemble.ts'
import type { CancelSignal } from '../../pipelines/cancel.ts'
import { generate } from '../../pipelines/generate.ts'
import { type Guide, loadGuide } from '../../pipelines/guide.ts'
import { nativeCells } from '../../pipelines/native-cells.ts'
import { resolveSettings } from '../../pipelines/resolve.ts'
import { elements, f32 } from '../../tensor/tensor.ts'
import { designGuide } from '../design-guide.ts'
import { generatorAt, stream } from '../random.ts'
import type { RecipeOf } from '../recipe.ts'
import type { DrawPicture } from '../states/guide-states.ts'
import { openPictures } from '../states/pictures.ts'
import { type PromptTable, promptTable, readPrompts } from '../states/prompts.ts'
import { openTeacher, type Teacher } from '../states/teacher.ts'
import { encodeTexts, type Texts } from '../states/texts.ts'
import { fresh, type Start } from '../trained.ts'
import type { Sample, Setting, Shown, Trainees } from './objective.ts'

/** A guide's build and its weights: a new one, or one to go on from. */
export interface GuideInTraining {
  readonly kind: GuideKindName
  readonly config: GuideConfig
  readonly start: Start
  /** What its file said of it. */
  readonly facts?: GuideContent['facts']
}

/** What both stages of a guide's training work with. */
export interface Workshop {
  readonly pipeline: Pipeline
  readonly guide: GuideInTraining
  readonly prompts: PromptTable
  readonly texts: Texts
  readonly teacher: Teacher
  /** Of one latent: [channels, h, w]. */
  readonly latent: readonly [number, number, number]
  readonly size: number
  /** Pictures of the dataset, where there is one. */
  readonly drawPicture: DrawPicture | undefined
  /** The guide with other weights, ready to be plugged in. */
  plugged(weights: Trainees): Guide
  samples(weights: Trainees, steps: number): Promise<Sample[]>
  shown(steps: number): Shown
}

type GuidingRecipe = RecipeOf<'guide' | 'progressive'>

/** Opens base, prompts and guide. Throws `UserError` where one cannot be used. */
export async function openWorkshop(recipe: GuidingRecipe, setting: Setting): Promise<Workshop> {
  const { merges, threads } = setting
  const base = asBase(await describeModel(recipe.base, recipe.overrides))
  if (base.variant)
    throw new UserError(`Guides are trained on plain bases; this one is for ${base.variant}.`, 'Choose the plain base.')
  const pipeline = await assemble(base, { merges, threads })
  setting.closing.defer(() => pipeline.sessions.release())
  const side = recipe.cells ?? nativeCells(base)
  const latent = [pipeline.unet.inChannels, side, side] as const
  const { negatives, seed } = recipe
  const given = await readPrompts(recipe.prompts)
  const guide = await guideOf(recipe, pipeline)
  const pictures =
    recipe.data === undefined ? undefined : await openPictures(recipe.data, pipeline, { seed, latent }, setting)
  const prompts = promptTable(given, { negatives, seed, captions: pictures?.captions })
  const texts = await encodeTexts(pipeline, prompts.texts, setting)
  const plugged = (weights: Trainees): Guide => ({
    kind: guide.kind,
    config: guide.config,
    parameters: constants(weights),
    part: { name: 'guide', noun: 'guide', table: new Map(), keyOf: name => name },
    bytes: [...weights.values()].reduce((sum, { shape }) => sum + 4 * elements(shape), 0),
  })
  return {
    ...{ pipeline, guide, prompts, texts, latent, plugged },
    drawPicture: pictures?.draw(prompts.placeOf),
    teacher: openTeacher(pipeline, texts, latent),
    size: elements(latent),
    ...sampling(pipeline, { prompts, recipe, cells: side, plugged, signal: setting.signal }),
  }
}

async function guideOf(recipe: GuidingRecipe, { base }: Pipeline): Promise<GuideInTraining> {
  const path = recipe.objective === 'guide' ? recipe.start : recipe.guide
  if (path !== undefined) {
    const checkpoint = asGuide(await describeModel(path))
    const { kind, config, parameters } = await loadGuide(checkpoint, base)
    if (recipe.objective === 'guide' && recipe.kind !== kind)
      throw new UserError(`The guide to start from is of the kind ${kind}, and the recipe's kind is ${recipe.kind}.`)
    const start: Start = (name, shape) => {
      const value = parameters(name, shape)
      if (value.kind !== 'constant') throw new Error(`${name} is no constant`)
      return f32((value.tensor.data as Float32Array).slice(), shape)
    }
    return { kind, config, start, facts: checkpoint.facts }
  }
  if (recipe.objective !== 'guide') throw new Error('a second stage without a first')
  const { kind, seed, size } = recipe
  const random = fresh(generatorAt(seed, stream.weights))
  const start: Start = (name, shape) =>
    guideKinds[kind].isLast(name) ? f32(new Float32Array(elements(shape)), shape) : random(name, shape)
  return { kind, config: designGuide(kind, base, size), start }
}

const constants = (weights: Trainees): Parameters => {
  // Copied: the weights go on changing, and a graph's constants may not.
  const made = new Map([...weights].map(([name, { shape, data }]) => [name, constant(f32(data.slice(), shape))]))
  return name => made.get(name) as NonNullable<ReturnType<typeof made.get>>
}

/** Prompts that samples are painted of. */
const shownPrompts = 4

interface Sampling {
  readonly prompts: PromptTable
  readonly recipe: GuidingRecipe
  /** Side of the latents. */
  readonly cells: number
  readonly plugged: Workshop['plugged']
  readonly signal: CancelSignal | undefined
}

/** Painting of samples: always the same prompts and seeds, in the middle of the guidance scales. */
function sampling(
  pipeline: Pipeline,
  { prompts, recipe, cells, plugged, signal }: Sampling,
): Pick<Workshop, 'samples' | 'shown'> {
  const [low, high] = recipe.guidance
  const pixels = cells * vaeFactor(pipeline.vae)
  const asked = Array.from({ length: shownPrompts }, (_, seed) => prompts.texts[prompts.draw(seed).positive] as string)
  async function paint(seed: number, steps: number, method: 'guide' | 'cfg' | 'none', guide?: Guide): Promise<Sample> {
    const guidance = method === 'none' ? 1 : (low + high) / 2
    const settings = await resolveSettings(pipeline, {
      ...{ prompt: asked[seed] as string, negative: '', method, guidance, steps, seed, count: 1, clipSkip: 1 },
      ...{ schedule: 'auto', sampler: 'ddim', width: pixels, height: pixels },
    })
    for await (const picture of generate(pipeline, settings, { guide, signal, traced: false })) return picture
    throw new Error('no sample was painted')
  }
  return {
    async samples(weights, steps) {
      const guide = plugged(weights)
      const samples: Sample[] = []
      for (const seed of asked.keys()) samples.push(await paint(seed, steps, 'guide', guide))
      // The guide that was shown must not stay in memory beside the step that trains it.
      await pipeline.sessions.release()
      return samples
    },
    shown: steps => ({
      prompts: asked,
      async *references(wanted) {
        for (const { method, index } of wanted) yield paint(index, steps, method)
        await pipeline.sessions.release()
      },
    }),
  }
}

/** The fields of a base that a guide has to fit. */
export function fittedBase({ base }: Pipeline, predictionType: string): GuideContent['facts']['base'] {
  const { inChannels, blockOutChannels, layersPerBlock, transformerLayers, midTransformerLayers, crossAttentionDim } =
    unetConfig(base.unet)
  return {
    ...{ architecture: base.architecture, predictionType, inChannels, blockOutChannels, layersPerBlock },
    ...{ transformerLayers, midTransformerLayers, crossAttentionDim },
  }
}
