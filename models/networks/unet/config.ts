/** What the UNet's shapes do not leave free; the names follow diffusers' UNet2DConditionModel. */
export interface UNetConfig {
  /** Channels of the latent that goes in (9 for inpainting, 5 for depth) and of the prediction. */
  readonly inChannels: number
  readonly outChannels: number
  /** Channels of each level, full resolution first. */
  readonly blockOutChannels: readonly number[]
  /** Residual blocks of each level on the way down; the way up has one more. */
  readonly layersPerBlock: number
  /** Transformer blocks after each residual block of a level; 0 is a level without attention. */
  readonly transformerLayers: readonly number[]
  readonly midTransformerLayers: number
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
