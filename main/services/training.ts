import { mkdir, readdir } from 'node:fs/promises'
import { basename, dirname, join, parse, resolve } from 'node:path'
import { UserError } from '../../models/errors.ts'
import { readRecipe } from '../../models/training/read-recipe.ts'
import type { Recipe } from '../../models/training/recipe.ts'
import { trainRecipe } from '../../models/training/stages.ts'
import type { TrainProgress, TrainResult } from '../../models/training/train.ts'
import { shipped } from '../paths.ts'

export interface TrainingOptions {
  /** Path of a recipe, or the name of a shipped one. */
  readonly recipe: string
  /** The run's folder; one named like the recipe in DATA/runs where it is left out. */
  readonly folder: string | undefined
  /** Data folder. */
  readonly data: string
  readonly resume: boolean
  readonly signal: AbortSignal
  readonly onProgress: (progress: TrainProgress) => void
}

export interface Training extends TrainResult {
  /** The run's folder. */
  readonly run: string
}

/** Trains what a recipe says. Throws `UserError` in one sentence where something of it cannot be used. */
export async function runTraining({ recipe, folder, data, ...options }: TrainingOptions): Promise<Training> {
  const { path, recipe: read } = await openRecipe(recipe)
  const run = resolve(folder ?? join(data, 'runs', basename(path, '.json')))
  await mkdir(dirname(run), { recursive: true })
  return { run, ...(await trainRecipe(read, { ...options, folder: run, merges: shipped.merges })) }
}

/** Reads a recipe by its path, or by the name of a shipped one. Throws `UserError` where there is none or a field is wrong. */
export async function openRecipe(given: string): Promise<{ path: string; recipe: Recipe }> {
  const path = await recipePath(given)
  return { path, recipe: await readRecipe(path, await knownPaths()) }
}

/** What a recipe may say instead of a path: the demo model, the demo guide, the shipped lists of prompts. */
async function knownPaths(): Promise<Record<string, string>> {
  const lists = await readdir(shipped.prompts)
  return {
    demo: shipped.demo,
    'demo-guide': shipped.guide,
    ...Object.fromEntries(lists.map(file => [parse(file).name, join(shipped.prompts, file)])),
  }
}

async function recipePath(given: string): Promise<string> {
  if (/[/\\]|[.]json$/.test(given)) return resolve(given)
  const names = (await readdir(shipped.recipes)).filter(file => file.endsWith('.json')).map(file => parse(file).name)
  if (!names.includes(given))
    throw new UserError(`There is no recipe ${given}.`, `Give the path of one, or one of ${names.join(', ')}.`)
  return join(shipped.recipes, `${given}.json`)
}
