/** Shape of an autoencoder, with the names of diffusers' AutoencoderKL. */
export interface VaeConfig {
  /** Channels of the stored network's picture side: 3, or 3 * patchSize^2 where pixels are shuffled. */
  readonly inChannels: number
  readonly outChannels: number
  readonly latentChannels: number
  /** Channels of each level, full resolution first. */
  readonly blockOutChannels: readonly number[]
  readonly layersPerBlock: number
  readonly normGroups: number
  /** A latent for the UNet is (mean - shift) * scalingFactor. */
  readonly scalingFactor: number
  readonly shiftFactor: number
  readonly useQuantConv: boolean
  readonly usePostQuantConv: boolean
  readonly midBlockAttention: boolean
  /** Side of the pixel blocks that are folded into channels outside the stored network; 1 for none. */
  readonly patchSize: number
}

/** Pixels a latent cell covers along each side. */
export const vaeFactor = (config: VaeConfig): number => 2 ** (config.blockOutChannels.length - 1) * config.patchSize
