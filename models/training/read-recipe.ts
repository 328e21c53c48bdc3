import { dirname, isAbsolute, resolve } from 'node:path'
import type { z } from 'zod'
import { readJson } from '../checkpoint/files.ts'
import { UserError } from '../errors.ts'
import { pathFields, type Recipe, recipeSchema } from './recipe.ts'

/** What a recipe may name instead of giving a path. */
export type KnownPaths = Readonly<Record<string, string>>

/**
 * Reads a recipe and makes its paths absolute.
 * @param known names that stand for paths, as `demo`
 * @throws UserError that names the field and what is allowed in it
 */
export async function readRecipe(path: string, known: KnownPaths = {}): Promise<Recipe> {
  const recipe = parseRecipe(await readJson(path, path), path)
  return withPaths(recipe, given => known[given] ?? (isAbsolute(given) ? given : resolve(dirname(path), given)))
}

/** Checks a recipe's fields. `shown` is how messages name it. Throws `UserError` that names the first that is wrong. */
export function parseRecipe(value: unknown, shown: string): Recipe {
  const read = recipeSchema.safeParse(value, { reportInput: true })
  if (!read.success) throw new UserError(`${shown}: ${sentence(read.error.issues[0] as z.core.$ZodIssue)}`)
  const wrong = contradiction(read.data)
  if (wrong !== undefined) throw new UserError(`${shown}: ${wrong}`)
  return read.data
}

function withPaths(recipe: Recipe, absolute: (path: string) => string): Recipe {
  const given = Object.entries(recipe).filter(([field]) => (pathFields as readonly string[]).includes(field))
  const paths = given.filter((entry): entry is [string, string] => typeof entry[1] === 'string')
  return { ...recipe, ...Object.fromEntries(paths.map(([field, path]) => [field, absolute(path)])) }
}

/** What is wrong between fields that are right by themselves. */
function contradiction(recipe: Recipe): string | undefined {
  if (recipe.warmup > recipe.steps) return `warmup is ${recipe.warmup}, more than the ${recipe.steps} steps.`
  if ('held' in recipe && recipe.held !== undefined && recipe.held > 0 && recipe.held < recipe.batch)
    return `held is ${recipe.held}, less than a batch of ${recipe.batch}.`
  switch (recipe.objective) {
    case 'guide':
    case 'progressive': {
      const [low, high] = recipe.guidance
      if (high <= Math.max(low, 1)) return `guidance is ${low} to ${high}; the second must be above the first.`
      const taken = recipe.batch * recipe.accumulate
      const { count, held } = recipe.states
      if (count - held < taken) return `states.count is ${count}; ${taken} of each step and ${held} held are needed.`
      if (recipe.objective === 'guide') {
        const [few, many] = recipe.states.teacherSteps
        return many < few ? `states.teacherSteps is ${few} to ${many}; the second must not be smaller.` : undefined
      }
      const odd = recipe.stages.findIndex((steps, i) => i > 0 && steps * 2 !== recipe.stages[i - 1])
      return odd > 0 ? `stages.${odd} is ${recipe.stages[odd]}; it must be half of the one before it.` : undefined
    }
    case 'denoise': {
      const parts = ['vae', 'tokenizer', 'unet', 'text'] as const
      if (recipe.base !== undefined) {
        const both = parts.find(part => recipe[part] !== undefined)
        return both && `${both} is for a base from nothing, and base names one to go on from; leave one of them out.`
      }
      const missing = parts.find(part => recipe[part] === undefined)
      if (missing) return `${missing} is needed where there is no base to go on from.`
      const { attention, block_out_channels: levels } = recipe.unet as NonNullable<typeof recipe.unet>
      if (attention.length !== levels.length || !attention.at(-1))
        return `unet.attention needs one of true and false for each of the ${levels.length} levels, the last true.`
      return undefined
    }
    case 'autoencode':
      return (recipe.base === undefined) === (recipe.vae === undefined)
        ? 'either base or vae is needed: a VAE to go on with, or the shape of a new one.'
        : undefined
    case 'lora':
    case 'contrast':
      return undefined
  }
}

/** One issue as a sentence: the field, what is allowed, and what was there. */
function sentence(issue: z.core.$ZodIssue): string {
  const field = issue.path.join('.') || 'the recipe'
  const got = shownValue(
    issue.code === 'invalid_union' ? (issue.input as { objective?: unknown }).objective : issue.input,
  )
  switch (issue.code) {
    case 'unrecognized_keys':
      return `${[...issue.path, issue.keys[0]].join('.')} is no field of this objective.`
    case 'invalid_type':
      return issue.input === undefined
        ? `${field} is missing; ${kinds[issue.expected] ?? issue.expected} is needed.`
        : `${field} must be ${kinds[issue.expected] ?? issue.expected}; got ${got}.`
    case 'too_small':
      return `${field} must ${measure(issue.origin)} ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}; got ${got}.`
    case 'too_big':
      return `${field} must ${measure(issue.origin)} ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}; got ${got}.`
    case 'invalid_value':
      return `${field} must be one of ${issue.values.join(', ')}; got ${got}.`
    case 'invalid_union':
      return `${field} must be one of ${recipeSchema.options.map(({ shape }) => shape.objective.value).join(', ')}; got ${got}.`
    default:
      return `${field} is wrong: ${issue.message}.`
  }
}

const kinds: Readonly<Record<string, string>> = {
  int: 'a whole number',
  number: 'a number',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list of two',
  object: 'a table',
}

/** Lengths are counted, numbers compared. */
const measure = (origin: string): string =>
  origin === 'array' ? 'have' : origin === 'string' ? 'have a length of' : 'be'

const shownValue = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 60)
