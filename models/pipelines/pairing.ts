import type { BaseCheckpoint, GuideCheckpoint } from '../checkpoint/checkpoint.ts'
import { unetConfig } from '../checkpoint/config/unet.ts'
import { misfit } from '../checkpoint/misfit.ts'
import { parameterCount } from '../checkpoint/summary.ts'
import { UserError } from '../errors.ts'
import { multiplications } from '../graph/arithmetic.ts'
import { input, ShapeError, type Value } from '../graph/value.ts'
import { guideKinds } from '../networks/guide/index.ts'
import { unet } from '../networks/unet/unet.ts'
import { addedInputs } from './encoders.ts'
import { parametersOf } from './parameters.ts'

/** A guide held against a base, from the headers alone. */
export interface Pairing {
  readonly fits: boolean
  /** Why it does not, in one sentence that names the field. */
  readonly difference: string | null
  /** The guide's parameters as a share of the base's UNet. */
  readonly parametersRatio: number | null
  /** Multiplications that it adds to a pass at the base's own size, as a share of the pass. */
  readonly arithmeticRatio: number | null
}

/** Holds a guide against a base. */
export function pair(guide: GuideCheckpoint, base: BaseCheckpoint): Pairing {
  const difference = misfit(guide, base) ?? null
  if (difference !== null) return { fits: false, difference, parametersRatio: null, arithmeticRatio: null }
  const parameters = (of: Iterable<Parameters<typeof parameterCount>[0][number]>) => parameterCount([...of])
  return {
    fits: true,
    difference,
    parametersRatio: parameters(guide.entries.values()) / parameters(base.unet.table.values()),
    arithmeticRatio: arithmetic(base, guide) / arithmetic(base) - 1,
  }
}

const usualCells = 64

/** Multiplications of one pass. */
const arithmetic = (base: BaseCheckpoint, guide?: GuideCheckpoint): number =>
  multiplications({ prediction: examinePass(base, guide) })

/**
 * Builds one pass of a base with a guide in it from the headers alone. Throws `UserError` where one of the guide's
 * parameters is missing or unusable.
 */
export function examinePass(base: BaseCheckpoint, guide?: GuideCheckpoint): Value {
  const config = unetConfig(base.unet)
  const cells = base.unet.config?.sample_size
  const side = typeof cells === 'number' && cells >= 8 && cells <= 512 ? cells : usualCells
  const f32 = (name: string, shape: readonly number[]) => input(name, { shape, dtype: 'f32' })
  const width = config.crossAttentionDim
  const seen = { sample: f32('sample', [1, config.inChannels, side, side]), timestep: f32('timestep', [1]) }
  const added = addedInputs(base, config)
  const told = {
    guidance: f32('guidance', [1]),
    positive: f32('positive', [1, width]),
    negative: f32('negative', [1, width]),
  }
  try {
    const inject =
      guide && guideKinds[guide.guideKind].inject(guide.config, parametersOf(guidePart(guide)), { ...seen, ...told })
    const context = f32('context', [1, 77, width])
    return unet(config, parametersOf(base.unet), { ...seen, context, added }, inject)
  } catch (cause) {
    if (!(cause instanceof ShapeError)) throw cause
    throw new UserError(`The guide is damaged: ${cause.message}.`, 'Get it anew.', { cause })
  }
}

/** A guide as the network whose parameters are looked up. */
export const guidePart = ({ entries }: GuideCheckpoint) => ({
  name: 'guide',
  table: entries,
  keyOf: (name: string) => name,
})
