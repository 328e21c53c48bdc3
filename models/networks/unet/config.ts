/** What the UNet's shapes do not leave free; the names follow diffusers' UNet2DConditionModel. */
export interface UNetConfig {
  /** Channels of the latent that goes in (9 for inpainting, 5 for depth) and of the prediction. */
  readonly inChannels: number
  readonly outChannels: number
  /** Channels of each level, full resolution first. */
  readonly blockOutChannels: readonly number[]
  /** Residual blocks of each level on the way down; the way up has one more. */
  readonly layersPerBlock: number
  /** Transformer blocks after the residual blocks of each level; 0 is a level without attention. */
  readonly transformerLayers: readonly LevelDepth[]
  /**
   * The same of the middle; 0 is a middle of one residual block alone, null is none at all. Distilled networks have
   * them so (SSD-1B, BK-SDM).
   */
  readonly midTransformerLayers: number | null
  /** Attention heads of each level; the middle block has those of the last level. */
  readonly heads: readonly number[]
  readonly crossAttentionDim: number
  /** Whether proj_in and proj_out are linear layers (SD 2.x, SDXL) instead of 1x1 convolutions. */
  readonly linearProjection: boolean
  /** Width of what `add_embedding` takes (SDXL): the pooled text and sinusoids of each size; absent where there is none. */
  readonly additionInputs?: number
  readonly normGroups: number
  readonly normEps: number
}

/**
 * Transformer blocks after each residual block of a level: one number where all have as many, else (SSD-1B) one for each
 * residual block, on the way down and on the way up, in the order in which they run.
 */
export type LevelDepth = number | { readonly down: readonly number[]; readonly up: readonly number[] }

/** Transformer blocks after residual block `index` of a level. */
export const depthAt = (depth: LevelDepth, way: 'down' | 'up', index: number): number =>
  typeof depth === 'number' ? depth : (depth[way][index] ?? 0)
