import type { Recipe } from '../recipe.ts'

/** How a result came about; goes into its file. */
export interface Provenance {
  readonly recipe: Recipe
  /** Updates of the weights. */
  readonly steps: number
  /** Examples seen, repeated ones counted again. */
  readonly examples: number
  /** Hours of training. */
  readonly hours: number
  /** What it reached, by the name of the measure. */
  readonly scores: Readonly<Record<string, number>>
}

/** Key of the metadata that says how a result of this studio was trained. */
const trainingKey = 'cicerone.training'

/** `modelspec.*` and what only this studio reads, for a file of an architecture as modelspec names it. */
export function provenanceMetadata(provenance: Provenance, architecture: string): Record<string, string> {
  return {
    ...modelspec(provenance),
    'modelspec.architecture': architecture,
    [trainingKey]: JSON.stringify(told(provenance)),
  }
}

/** The fields of modelspec that a person reads. */
export const modelspec = ({ recipe: { name, description, license } }: Provenance): Record<string, string> => ({
  'modelspec.sai_model_spec': '1.0.0',
  'modelspec.title': name,
  'modelspec.implementation': 'cicerone',
  ...(license && { 'modelspec.license': license }),
  ...(description && { 'modelspec.description': description }),
})

/** The recipe without the paths of the computer that it ran on, and what came of it. */
export const told = ({ recipe, ...rest }: Provenance) => ({ recipe: withoutFolders(recipe), ...rest })

/** Paths are cut to their last name: where a folder lies is nobody else's concern. */
function withoutFolders(recipe: Recipe): Record<string, unknown> {
  const name = (value: unknown) =>
    typeof value === 'string' && /[/\\]/.test(value) ? value.split(/[/\\]/).at(-1) : value
  return Object.fromEntries(Object.entries(recipe).map(([field, value]) => [field, name(value)]))
}
