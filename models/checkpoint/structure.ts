import { UserError } from '../errors.ts'

/** What the parameter names of a UNet give away about its build. */
export interface UNetStructure {
  readonly levels: number
  /** Residual blocks of each level on the way down. */
  readonly layersPerBlock: number
  /** Transformer blocks of each level, full resolution first; 0 is a level without attention. */
  readonly transformerLayers: readonly number[]
  /** At least 1: the middle block of every network of the family has attention. */
  readonly midTransformerLayers: number
}

/** What the parameter names of a VAE give away. */
export interface VaeStructure {
  readonly levels: number
  /** Residual blocks of each level of the encoder; the decoder has one more. */
  readonly layersPerBlock: number
}

/** Far above every network there is, far below what would make a forged header costly. */
const most = 200

/**
 * One more than the largest index that `pattern` captures in `names`; 0 where nothing matches. A block counts as soon
 * as one of its tensors is there, so that what is missing from it can be named.
 * @throws UserError where the index is absurd
 */
export const countOf = (names: Iterable<string>, pattern: RegExp): number => {
  let count = 0
  for (const name of names) {
    const found = pattern.exec(name)?.[1]
    if (found !== undefined) count = Math.max(count, Number(found) + 1)
  }
  if (count > most) throw new UserError(`The file numbers its blocks up to ${count - 1}; no genuine model has as many.`)
  return count
}

/** Structure of a UNet from its diffusers names. */
export const unetStructure = (names: readonly string[]): UNetStructure => {
  const levels = countOf(names, /^(?:down|up)_blocks\.(\d+)\./)
  const transformers = (block: string) =>
    countOf(names, new RegExp(`^${block}\\.attentions\\.\\d+\\.transformer_blocks\\.(\\d+)\\.`))
  return {
    levels,
    layersPerBlock: countOf(names, /^down_blocks\.\d+\.resnets\.(\d+)\./),
    transformerLayers: Array.from({ length: levels }, (_, level) =>
      Math.max(transformers(`down_blocks\\.${level}`), transformers(`up_blocks\\.${levels - 1 - level}`)),
    ),
    midTransformerLayers: Math.max(1, transformers('mid_block')),
  }
}

/** Structure of a VAE from its diffusers names. */
export const vaeStructure = (names: readonly string[]): VaeStructure => ({
  levels: countOf(names, /^(?:encoder\.down|decoder\.up)_blocks\.(\d+)\./),
  layersPerBlock:
    countOf(names, /^encoder\.down_blocks\.\d+\.resnets\.(\d+)\./) ||
    Math.max(0, countOf(names, /^decoder\.up_blocks\.\d+\.resnets\.(\d+)\./) - 1),
})

/** Layers of a CLIP text encoder from its transformers names. */
export const textLayers = (names: readonly string[]): number => countOf(names, /^text_model\.encoder\.layers\.(\d+)\./)
