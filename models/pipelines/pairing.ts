import type { BaseCheckpoint, GuideCheckpoint, NetworkPart } from '../checkpoint/checkpoint.ts'
import { unetConfig } from '../checkpoint/config/unet.ts'
import { misfit } from '../checkpoint/misfit.ts'
import { parameterCount } from '../checkpoint/summary.ts'
import { UserError } from '../errors.ts'
import { multiplications } from '../graph/arithmetic.ts'
import { slice } from '../graph/ops/slice.ts'
import { input, ShapeError, type Value } from '../graph/value.ts'
import { guideKinds } from '../networks/guide/index.ts'
import type { GuideInputs } from '../networks/guide/kind.ts'
import type { Inject } from '../networks/parameters.ts'
import type { UNetConfig } from '../networks/unet/config.ts'
import { unet } from '../networks/unet/unet.ts'
import type { PredictionType } from '../samplers/schedule.ts'
import type { Shape } from '../tensor/tensor.ts'
import { addedInputs } from './encoders.ts'
import { type Problem, parametersOf } from './parameters.ts'

/** A guide held against a base, from the headers alone. */
export interface Pairing {
  readonly fits: boolean
  /** Why it does not, in one sentence that names the field. */
  readonly difference: string | null
  /** The guide's parameters as a share of the base's UNet. */
  readonly parametersRatio: number | null
  /** Multiplications that it adds to a pass at the base's own size, as a share of the pass. */
  readonly arithmeticRatio: number | null
  /** Parameters that its file lacks, and keys that nothing uses; both empty where a field of the base differs. */
  readonly missing: readonly string[]
  readonly leftover: readonly string[]
}

/** Holds a guide against a base, which is said to predict `prediction`; see `misfit`. A damaged guide fits none. */
export function pair(guide: GuideCheckpoint, base: BaseCheckpoint, prediction?: PredictionType): Pairing {
  const unfit = (difference: string): Pairing => ({
    ...{ fits: false, difference, parametersRatio: null, arithmeticRatio: null },
    ...{ missing: [], leftover: [] },
  })
  const named = misfit(guide, base, prediction)
  if (named !== undefined) return unfit(named)
  try {
    const { prediction, trouble, problems, leftover } = examineGuide(guide, base)
    const missing = problems.filter(({ kind }) => kind === 'missing').map(({ key }) => key)
    if (trouble) return { ...unfit(trouble.message), missing, leftover }
    const parameters = (of: Iterable<Parameters<typeof parameterCount>[0][number]>) => parameterCount([...of])
    return {
      fits: true,
      difference: null,
      parametersRatio: parameters(guide.entries.values()) / parameters(base.unet.table.values()),
      arithmeticRatio: multiplications({ prediction }) / multiplications({ prediction: examinePass(base) }) - 1,
      missing,
      leftover,
    }
  } catch (error) {
    if (error instanceof UserError) return unfit(error.message)
    throw error
  }
}

/** What a guide finds in its file and in a base, from the headers alone. */
export interface GuideExamination {
  /** One pass of the base with the guide in it; stand-ins are in the place of what is missing. */
  readonly prediction: Value
  /** Why it cannot be plugged in. */
  readonly trouble: UserError | undefined
  /** Its parameters that are missing or unusable. */
  readonly problems: readonly Problem[]
  /** Keys of its file that nothing uses. */
  readonly leftover: readonly string[]
}

/** Builds one pass of a base with a guide in it. Throws `UserError` where the guide's shapes make no network. */
export function examineGuide(guide: GuideCheckpoint, base: BaseCheckpoint): GuideExamination {
  const problems: Problem[] = []
  const asked = new Set<string>()
  const visited = new Set<string>()
  const look = parametersOf(guidePart(guide), problem => problems.push(problem))
  const plug = (told: GuideInputs): Inject => {
    const parameters = (name: string, shape: Shape) => {
      asked.add(name)
      return look(name, shape)
    }
    const inject = guideKinds[guide.guideKind].inject(guide.config, parameters, told)
    return (place, value, layer) => {
      visited.add(place)
      return inject(place, value, layer)
    }
  }
  const prediction = examined(() => examinePass(base, plug), problems)
  const stranger = guide.config.modules.find(module => !visited.has(module))
  const leftover = [...guide.entries.keys()].filter(name => !asked.has(name))
  return { prediction, problems, leftover, trouble: troubleWith(stranger, problems) }
}

/** Where stand-ins make no network either, what they stand for is the fault. */
function examined(build: () => Value, problems: readonly Problem[]): Value {
  try {
    return build()
  } catch (error) {
    throw troubleWith(undefined, problems) ?? error
  }
}

function troubleWith(stranger: string | undefined, [first]: readonly Problem[]): UserError | undefined {
  if (stranger !== undefined)
    return new UserError(
      `The guide does not fit this base: it changes ${stranger}, which the base does not have.`,
      'Choose a guide for this base, or a method that needs none.',
    )
  return first && new UserError(first.message, 'The guide is damaged; get it anew.')
}

const usualCells = 64

/** Builds one pass of a base from the headers alone; `plug` is asked for what is plugged in. */
export function examinePass(base: BaseCheckpoint, plug?: (inputs: GuideInputs) => Inject): Value {
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
    const context = f32('context', [1, 77, width])
    const inject = plug?.({ ...seen, ...told, sample: latentOf(seen.sample, config) })
    return unet(config, parametersOf(base.unet), { ...seen, context, added }, inject)
  } catch (cause) {
    if (!(plug && cause instanceof ShapeError)) throw cause
    throw new UserError(`The guide is damaged: ${cause.message}.`, 'Get it anew.', { cause })
  }
}

/** The latent in a UNet's input [n, inChannels, h, w]: what a guide sees of it, also where an inpainting base sees more. */
export const latentOf = (sample: Value, { inChannels, outChannels }: UNetConfig): Value =>
  inChannels > outChannels ? slice(sample, 1, 0, outChannels) : sample

/** A guide as the network whose parameters are looked up. */
export const guidePart = ({ entries }: Pick<GuideCheckpoint, 'entries'>): NetworkPart => ({
  name: 'guide',
  noun: 'guide',
  table: entries,
  keyOf: (name: string) => name,
})
