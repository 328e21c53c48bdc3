import { combined, type GuidanceMethod, type GuidedCall, type MethodOptions, type Passes } from './method.ts'

/**
 * Classifier-free guidance (Ho and Salimans 2022): negative + w (positive - negative), two passes. At w = 1 that
 * is the prompt alone, which takes one.
 */
export const cfg: GuidanceMethod = options => (passes, call) => both(passes, call, options)

/** One call of classifier-free guidance: what other methods do where they take true passes. */
export async function both(
  passes: Passes,
  { guidance }: GuidedCall,
  { rescale }: Pick<MethodOptions, 'rescale'>,
): Promise<Float32Array> {
  if (guidance === 1) return passes.positive()
  const { negative, positive } = await passes.both()
  return combined(negative, positive, guidance, rescale)
}
