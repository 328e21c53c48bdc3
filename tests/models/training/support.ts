import { mkdtempSync } from 'node:fs'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll } from 'vitest'
import { shipped } from '../../../main/paths.ts'
import { deriveVocabulary } from '../../../models/prompt/vocabulary.ts'
import { parseRecipe } from '../../../models/training/read-recipe.ts'
import { readMetrics } from '../../../models/training/run/metrics.ts'
import { trainRecipe } from '../../../models/training/stages.ts'
import type { TrainOptions } from '../../../models/training/train.ts'
import { type Build, randomWeights, writeFolder } from '../../support/random-base.ts'

/** A base with random weights that takes milliseconds: 16x16 pixels are 8x8 latents. */
const tiny: Build = {
  unet: {
    inChannels: 4,
    outChannels: 4,
    blockOutChannels: [32, 64],
    layersPerBlock: 1,
    transformerLayers: [0, 1],
    midTransformerLayers: 1,
    heads: [2, 2],
    crossAttentionDim: 32,
    linearProjection: false,
    normGroups: 32,
    normEps: 1e-5,
  },
  vae: {
    inChannels: 12,
    outChannels: 12,
    latentChannels: 4,
    blockOutChannels: [32],
    layersPerBlock: 1,
    normGroups: 32,
    scalingFactor: 1,
    shiftFactor: 0,
    useQuantConv: true,
    usePostQuantConv: true,
    midBlockAttention: true,
    patchSize: 2,
  },
  texts: [
    {
      vocabSize: 514,
      hiddenSize: 32,
      intermediateSize: 64,
      layers: 1,
      heads: 2,
      positions: 24,
      activation: 'quick_gelu',
      normEps: 1e-5,
    },
  ],
}

/** A folder for the tests of one file, gone when they are done. Call it outside of tests. */
export function scratch(): { at(...path: string[]): string } {
  const folder = mkdtempSync(join(tmpdir(), 'cicerone-training-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return { at: (...path) => join(folder, ...path) }
}

/** Writes the tiny base, with a tokenizer that knows single letters only. */
export async function writeBase(folder: string): Promise<void> {
  const scheduler = {
    _class_name: 'DDIMScheduler',
    beta_start: 0.00085,
    beta_end: 0.012,
    beta_schedule: 'scaled_linear',
    prediction_type: 'v_prediction',
    timestep_spacing: 'trailing',
    rescale_betas_zero_snr: true,
  }
  await writeFolder(folder, tiny, randomWeights(tiny), { dtype: 'F16', scheduler })
  const config = join(folder, 'unet', 'config.json')
  const unet = JSON.parse(await readFile(config, 'utf8'))
  await writeFile(config, JSON.stringify({ ...unet, sample_size: 8 }))
  await writeTokenizer(join(folder, 'tokenizer'))
}

export async function writeTokenizer(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'merges.txt'), '#version: 0.2\n')
  await writeFile(join(folder, 'vocab.json'), JSON.stringify(Object.fromEntries(deriveVocabulary(new Map()))))
}

const colours = { red: [220, 30, 30], green: [30, 200, 60], blue: [40, 60, 230], white: [250, 250, 250] }
export const captions = Object.keys(colours).flatMap(up => Object.keys(colours).map(down => `${up}, ${down}`))

/** Writes a pack of pictures of two colours, one above the other, each with its caption. */
export async function writePack(folder: string, side = 16): Promise<void> {
  await mkdir(folder, { recursive: true })
  const pictures = captions.map(caption => {
    const [up, down] = caption.split(', ').map(name => colours[name as keyof typeof colours]) as [number[], number[]]
    return Uint8Array.from({ length: 3 * side * side }, (_, i) => {
      const channel = Math.floor(i / side / side)
      const isUp = Math.floor((i % (side * side)) / side) < side / 2
      return (isUp ? up : down)[channel] as number
    })
  })
  await writeFile(join(folder, 'pictures.u8'), Buffer.concat(pictures))
  await writeFile(join(folder, 'captions.jsonl'), captions.map(caption => `${JSON.stringify({ caption })}\n`).join(''))
  await writeFile(join(folder, 'data.json'), JSON.stringify({ count: captions.length, width: side, height: side }))
}

/** Trains what a recipe says, in one thread. */
export const trainAt = (folder: string, recipe: object, options: Partial<TrainOptions> = {}) =>
  trainRecipe(parseRecipe({ threads: 1, ...recipe }, 'recipe.json'), {
    ...{ folder, resume: false, merges: shipped.merges },
    ...options,
  })

/** How the loss of a run went: the means of its first and its last fifth. */
export async function losses(folder: string): Promise<{ first: number; last: number }> {
  const all = (await readMetrics(join(folder, 'metrics.jsonl'))).map(metrics => metrics.loss as number)
  const part = Math.ceil(all.length / 5)
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  return { first: mean(all.slice(0, part)), last: mean(all.slice(-part)) }
}
