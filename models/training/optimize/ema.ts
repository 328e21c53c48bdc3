/**
 * How much of the mean is kept at a step, counted from 1: less in the beginning, so that the first weights are soon
 * forgotten. diffusers' EMAModel has it so.
 */
export const emaDecay = (decay: number, step: number): number => (step < 2 ? 0 : Math.min(decay, step / (step + 9)))

/** Moves the mean of the weights towards the weights, in place. */
export function moveMean(mean: Float32Array, weights: Float32Array, decay: number): void {
  for (let i = 0; i < mean.length; i++) mean[i] = decay * (mean[i] as number) + (1 - decay) * (weights[i] as number)
}
