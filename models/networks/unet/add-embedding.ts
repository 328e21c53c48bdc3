import { concat } from '../../graph/ops/concat.ts'
import { reshape } from '../../graph/ops/reshape.ts'
import { ShapeError, type Value } from '../../graph/value.ts'
import { linearLayer, silu } from '../layers.ts'
import { at, type Parameters } from '../parameters.ts'
import { timestepEmbedding } from './time-embedding.ts'

/** SDXL's micro-conditioning (Podell et al. 2023, section 2.2) and its pooled text. */
export interface AddedInputs {
  /** f32 [n, width] */
  readonly textEmbeds: Value
  /** f32 [n, 6]: height and width of the original, top and left of the crop, height and width of the target. */
  readonly timeIds: Value
}

/** Numbers that `timeIds` holds for each picture. */
const sizes = 6

/**
 * Sinusoids that each of the sizes is given: its share of the `inputs` of `add_embedding`, of which the pooled text
 * takes the rest. Undefined where they do not share out.
 */
export function sizeFeatures(inputs: number, textWidth: number): number | undefined {
  const share = (inputs - textWidth) / sizes
  return share > 0 && share % 2 === 0 ? share : undefined
}

/** What is added to the time embedding, [n, width]; the sizes are told as the timestep is. */
export function addEmbedding(p: Parameters, inputs: number, width: number, added: AddedInputs | undefined): Value {
  const features = added && sizeFeatures(inputs, added.textEmbeds.shape[1] as number)
  if (!added || features === undefined)
    throw new ShapeError(`add_embedding takes a pooled text and sizes as ${inputs} numbers`)
  const told = reshape(timestepEmbedding(reshape(added.timeIds, [-1]), features), [-1, features * sizes])
  const hidden = linearLayer(p, 'add_embedding.linear_1', concat([added.textEmbeds, told], 1), width)
  return at(p, 'add_embedding', linearLayer(p, 'add_embedding.linear_2', silu(hidden), width))
}
