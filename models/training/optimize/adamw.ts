/** The running means that AdamW keeps of one tensor's gradient: of itself, and of its square. */
export interface Moments {
  readonly mean: Float32Array
  readonly square: Float32Array
}

export interface AdamWSettings {
  readonly learningRate: number
  readonly betas: readonly [number, number]
  readonly eps: number
  /** Share of a weight that is taken away in each step, times the learning rate. */
  readonly weightDecay: number
}

/**
 * One step of AdamW (Loshchilov and Hutter 2019) in place, as torch.optim.AdamW takes it. Sums are made in double
 * precision and stored as f32.
 * @param step counted from 1
 * @param scale what the gradient is multiplied by first
 */
export function adamw(
  weights: Float32Array,
  gradient: Float32Array,
  { mean, square }: Moments,
  step: number,
  scale: number,
  { learningRate, betas, eps, weightDecay }: AdamWSettings,
): void {
  const [beta1, beta2] = betas
  const kept = 1 - learningRate * weightDecay
  const rate = learningRate / (1 - beta1 ** step)
  const correction = 1 / Math.sqrt(1 - beta2 ** step)
  for (let i = 0; i < weights.length; i++) {
    const g = (gradient[i] as number) * scale
    const m = beta1 * (mean[i] as number) + (1 - beta1) * g
    const v = beta2 * (square[i] as number) + (1 - beta2) * g * g
    mean[i] = m
    square[i] = v
    weights[i] = (weights[i] as number) * kept - (rate * m) / (Math.sqrt(v) * correction + eps)
  }
}
