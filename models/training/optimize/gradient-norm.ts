/** The length of all gradients taken as one vector. */
export function gradientNorm(gradients: Iterable<Float32Array>): number {
  let sum = 0
  for (const gradient of gradients) for (let i = 0; i < gradient.length; i++) sum += (gradient[i] as number) ** 2
  return Math.sqrt(sum)
}

/** What gradients of that norm are multiplied by so that it is at most `most`, as torch's clip_grad_norm_. */
export const clipScale = (norm: number, most: number): number => Math.min(1, most / (norm + 1e-6))
