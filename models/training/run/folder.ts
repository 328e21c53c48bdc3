import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { readJson } from '../../checkpoint/files.ts'
import { UserError } from '../../errors.ts'
import { writeText } from '../../tensor/atomically.ts'
import { pathError } from '../../tensor/safetensors/open.ts'
import { parseRecipe } from '../read-recipe.ts'
import type { Recipe } from '../recipe.ts'
import { lastStep } from './checkpoint.ts'

/** Where a run keeps what. */
export interface RunFolder {
  readonly path: string
  /** JSON lines, one a step. */
  readonly metrics: string
  readonly checkpoints: string
  readonly samples: string
  /** What was computed before training, and may be computed again: states, latents, texts. */
  readonly cache: string
  /** What came out. */
  readonly result: string
}

const recipeFile = 'recipe.json'

/**
 * Opens the folder of a run: a new one, or one that the same recipe has begun.
 * @param cache where what may be computed again is kept, where not in the folder itself
 * @throws UserError where it holds something else, or the run is not to be gone on with
 */
export async function openRunFolder(
  path: string,
  recipe: Recipe,
  resume: boolean | 'auto',
  cache = join(path, 'cache'),
): Promise<RunFolder> {
  const inside = await readdir(path).catch((cause: { code?: string }) => {
    if (cause.code === 'ENOENT') return undefined
    throw pathError(path, cause)
  })
  const begun = inside?.includes(recipeFile) ?? false
  if (begun) {
    const other = parseRecipe(await readJson(join(path, recipeFile), join(path, recipeFile)), join(path, recipeFile))
    if (JSON.stringify(other) !== JSON.stringify(recipe))
      throw new UserError(
        `${path} holds a run of another recipe (${other.name}); ${difference(other, recipe)} differs.`,
        (await lastStep(join(path, 'checkpoints'))) > 0
          ? 'Choose another folder with --run.'
          : 'Choose another folder with --run, or delete this one: it has no checkpoint yet.',
      )
    if (!resume)
      throw new UserError(
        `${path} already holds this run.`,
        'Go on with it with --resume, or choose another folder with --run.',
      )
  } else if (inside && inside.length > 0)
    throw new UserError(`${path} holds something else than a run.`, 'Choose another folder with --run.')
  else if (resume === true)
    throw new UserError(`There is no run in ${path} to go on with.`, 'Leave --resume out to begin it.')

  const folder = {
    path,
    metrics: join(path, 'metrics.jsonl'),
    checkpoints: join(path, 'checkpoints'),
    samples: join(path, 'samples'),
    cache,
    result: join(path, 'result'),
  }
  try {
    await mkdir(path, { recursive: true })
    // The recipe first: a folder without it is taken for something else.
    if (!begun) await writeText(join(path, recipeFile), `${JSON.stringify(recipe, undefined, 2)}\n`)
    for (const part of [folder.checkpoints, folder.samples, folder.cache]) await mkdir(part, { recursive: true })
  } catch (cause) {
    throw cause instanceof UserError ? cause : pathError(path, cause, 'written')
  }
  return folder
}

/** The first field in which two recipes differ. */
function difference(a: Recipe, b: Recipe): string {
  const fields = new Set([...Object.keys(a), ...Object.keys(b)])
  const value = (recipe: Recipe, field: string) => JSON.stringify(recipe[field as keyof Recipe])
  return [...fields].find(field => value(a, field) !== value(b, field)) ?? 'a field'
}
