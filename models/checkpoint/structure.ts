import { UserError } from '../errors.ts'
import type { LevelDepth } from '../networks/unet/config.ts'

/** What the parameter names of a UNet give away about its build. */
export interface UNetStructure {
  readonly levels: number
  /** Residual blocks of each level on the way down. */
  readonly layersPerBlock: number
  /** Transformer blocks of each level, full resolution first, as `UNetConfig` has them. */
  readonly transformerLayers: readonly LevelDepth[]
  readonly midTransformerLayers: number | null
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
  const layersPerBlock = countOf(names, /^down_blocks\.\d+\.resnets\.(\d+)\./)
  const depth = depthsOf(names)
  const under = (block: string, count: number) =>
    Array.from({ length: count }, (_, i) => depth(`${block}.attentions.${i}`))
  return {
    levels,
    layersPerBlock,
    transformerLayers: Array.from({ length: levels }, (_, level) =>
      levelDepth(
        under(`down_blocks.${level}`, layersPerBlock),
        under(`up_blocks.${levels - 1 - level}`, layersPerBlock + 1),
      ),
    ),
    midTransformerLayers: midDepth(names, 'mid_block.', 'mid_block.resnets.0.', depth('mid_block.attentions.0')),
  }
}

/** Transformer blocks by the module that holds them, of names like `MODULE.transformer_blocks.0.norm1.weight`. */
export const depthsOf = (names: readonly string[]): ((module: string) => number) => {
  const held = Map.groupBy(names, name => name.split('.transformer_blocks.', 1)[0] as string)
  return module => countOf(held.get(module) ?? [], /\.transformer_blocks\.(\d+)\./)
}

/** The depths of a level's blocks. One without a transformer among others that have some lacks it: it counts as the deepest. */
export const levelDepth = (down: readonly number[], up: readonly number[]): LevelDepth => {
  const deepest = Math.max(...down, ...up)
  const whole = (depths: readonly number[]) => depths.map(depth => depth || deepest)
  return [...whole(down), ...whole(up)].every(depth => depth === deepest)
    ? deepest
    : { down: whole(down), up: whole(up) }
}

/** Depth of the middle, whose names begin with `prefix` and of whose first residual block with `first`. */
export const midDepth = (
  names: readonly string[],
  prefix: string,
  first: string,
  transformers: number,
): number | null => {
  const own = names.filter(name => name.startsWith(prefix))
  if (own.length === 0) return null
  // A middle that has more than its first block has a transformer, be it that all of it is missing.
  return own.every(name => name.startsWith(first)) ? 0 : Math.max(1, transformers)
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
