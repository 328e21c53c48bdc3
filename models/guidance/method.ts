/** Network passes of one denoising call; each counts, and is what the wait for a picture is made of. */
export interface Passes {
  /** The network's prediction for the prompt: one pass. */
  positive(): Promise<Float32Array>
  /** The predictions for negative prompt and prompt, computed together: two passes. */
  both(): Promise<{ negative: Float32Array; positive: Float32Array }>
  /** What the guide that is plugged into the base makes of prompt, negative prompt and guidance scale: one pass. */
  guided(guidance: number): Promise<Float32Array>
}

/** Where a denoising call stands. */
export interface GuidedCall {
  /** Guidance scale w of this call; 1 is none. */
  readonly guidance: number
  /** Denoising calls of this picture before this one. */
  readonly index: number
  /** Level of noise, as a multiple of the clean picture's scale (Karras et al. 2022); Infinity where there is noise alone. */
  readonly sigma: number
}

/** What a person may choose beside the guidance scale; each method heeds its own. */
export interface MethodOptions {
  /** Every how many calls `guide` and `reuse` take both true passes, from the first call on; 0 is never. */
  readonly refresh: number
  /** Noise levels sigma between which `interval` guides, lowest and highest. */
  readonly interval: readonly [low: number, high: number]
  /** Cosine of the two predictions from which on `adaptive` guides no more. */
  readonly agreement: number
  /** Share phi, 0..1, by which what two predictions are combined to is scaled back to the prompt's own deviation. */
  readonly rescale: number
}

/** The options as far as they were chosen. */
export type ChosenOptions = { readonly [Name in keyof MethodOptions]?: MethodOptions[Name] | undefined }

/**
 * How one denoising call is made of network passes. Called once for each picture; what it returns makes one
 * prediction, in the network's own terms, and may remember earlier ones. The guidance may differ from call to call.
 */
export type GuidanceMethod = (options: MethodOptions) => (passes: Passes, call: GuidedCall) => Promise<Float32Array>

/** negative + w (positive - negative), as classifier-free guidance combines two predictions. */
export function combined(
  negative: Float32Array,
  positive: Float32Array,
  guidance: number,
  rescale: MethodOptions['rescale'],
): Float32Array {
  const guided = positive.map((value, i) => {
    const base = negative[i] as number
    return base + guidance * (value - base)
  })
  return rescaled(guided, positive, rescale)
}

/**
 * A guided prediction with less contrast, where guidance has given it too much of it: models of zero terminal SNR burn
 * out (Lin et al. 2023, section 3.4; diffusers' rescale_noise_cfg).
 */
export function rescaled(
  guided: Float32Array,
  positive: Float32Array,
  rescale: MethodOptions['rescale'],
): Float32Array {
  if (rescale === 0) return guided
  const scale = 1 - rescale + (rescale * deviation(positive)) / deviation(guided)
  return guided.map(value => scale * value)
}

function deviation(values: Float32Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)
}
