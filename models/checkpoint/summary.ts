import type { TensorEntry } from '../tensor/entry.ts'
import { elements } from '../tensor/tensor.ts'
import type { ModelDescription } from './checkpoint.ts'

/** The tensors that make up a model: of a base those of its networks, of anything else all. */
export const weightsOf = (model: ModelDescription): TensorEntry[] =>
  model.kind === 'base'
    ? [model.unet, model.vae, ...model.textEncoders].flatMap(({ table }) => [...table.values()])
    : [...model.entries.values()]

/** Number of parameters. */
export const parameterCount = (entries: readonly TensorEntry[]): number =>
  entries.reduce((n, { shape }) => n + elements(shape), 0)

/** The number types of a model, the one with most parameters first: `f16`, or `f16, f32`. */
export const dtypesOf = (entries: readonly TensorEntry[]): string =>
  Object.entries(Object.groupBy(entries, ({ dtype }) => dtype))
    .map(([dtype, group]) => ({ dtype, count: parameterCount(group) }))
    .toSorted((a, b) => b.count - a.count)
    .map(({ dtype }) => dtype)
    .join(', ')
