/** Mean square of what guidance of scale w adds to the prompt's prediction, (w - 1) (positive - negative). */
export function guidanceEnergy(positive: Float32Array, negative: Float32Array, w: number): number {
  let sum = 0
  for (let i = 0; i < positive.length; i++) sum += ((positive[i] as number) - (negative[i] as number)) ** 2
  return ((w - 1) ** 2 * sum) / positive.length
}

/**
 * The normalised guidance error of some examples, |s - cfg|^2 / ((w - 1)^2 |positive - negative|^2), as the ratio of the
 * sums: 0 is classifier-free guidance exactly, 1 is no guidance at all.
 */
export class GuidanceError {
  #square = 0
  #energy = 0

  /** @param square mean square of the difference to CFG @param energy see `guidanceEnergy` */
  add(square: number, energy: number): void {
    this.#square += square
    this.#energy += energy
  }

  /** Undefined where there is no guidance to fall short of. */
  get value(): number | undefined {
    return this.#energy > 0 ? this.#square / this.#energy : undefined
  }
}
