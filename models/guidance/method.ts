/** Network passes of one denoising call; each counts, and is what the wait for a picture is made of. */
export interface Passes {
  /** The network's prediction for the prompt: one pass. */
  positive(): Promise<Float32Array>
  /** The predictions for negative prompt and prompt, computed together: two passes. */
  both(): Promise<{ negative: Float32Array; positive: Float32Array }>
}

/**
 * How one denoising call is made of network passes. Called with the guidance scale once for each picture; what
 * it returns makes one prediction, in the network's own terms, and may remember earlier ones.
 */
export type GuidanceMethod = (guidance: number) => (passes: Passes) => Promise<Float32Array>
