import type { BaseCheckpoint, GuideCheckpoint, NetworkPart } from '../checkpoint/checkpoint.ts'
import { requireFit } from '../checkpoint/misfit.ts'
import { UserError } from '../errors.ts'
import { constant } from '../graph/value.ts'
import { type GuideKindName, guideKinds } from '../networks/guide/index.ts'
import type { GuideConfig, GuideInputs } from '../networks/guide/kind.ts'
import type { Inject, Parameters } from '../networks/parameters.ts'
import type { PredictionType } from '../samplers/schedule.ts'
import { readTensor } from '../tensor/safetensors/read.ts'
import { elements, type Tensor } from '../tensor/tensor.ts'
import { examineGuide, guidePart } from './pairing.ts'
import { parametersOf } from './parameters.ts'

/**
 * A guide in memory, ready to be plugged into bases. Its weights are part of the graph rather than ranges of a file:
 * they are small, and may lie on another drive than the base.
 */
export interface Guide {
  readonly kind: GuideKindName
  readonly config: GuideConfig
  readonly parameters: Parameters
  /** Its file's tensors. */
  readonly part: NetworkPart
  /** Its weights as f32. */
  readonly bytes: number
}

/** Above this, what claims to be a guide is no small network. */
const mostBytes = 2 ** 30

/**
 * Reads a guide for a base, which is said to predict `prediction`. Throws `UserError` where it does not fit, naming the
 * field, or its file is damaged.
 */
export async function loadGuide(
  checkpoint: GuideCheckpoint,
  base: BaseCheckpoint,
  prediction?: PredictionType,
): Promise<Guide> {
  requireFit(checkpoint, base, prediction)
  const { guideKind: kind, config, entries } = checkpoint
  const bytes = [...entries.values()].reduce((sum, { shape }) => sum + 4 * elements(shape), 0)
  if (bytes > mostBytes) throw new UserError('This guide is larger than a guide can be.', 'Get it anew.')
  const { trouble } = examineGuide(checkpoint, base)
  if (trouble) throw trouble
  const tensors = new Map<string, Tensor>()
  for (const [name, entry] of entries) tensors.set(name, await readTensor(entry))
  const part = guidePart(checkpoint)
  // Looked up as any network's are, so that a damaged file is refused in the same words.
  const checked = parametersOf(part)
  const parameters: Parameters = (name, shape) => {
    checked(name, shape)
    return constant(tensors.get(name) as Tensor)
  }
  return { kind, config, parameters, part, bytes }
}

/** Plugs a guide into a UNet. */
export const plug = ({ kind, config, parameters }: Guide, inputs: GuideInputs): Inject =>
  guideKinds[kind].inject(config, parameters, inputs)
