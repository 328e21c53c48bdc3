import { GuidanceError, guidanceEnergy } from '../../guidance/error.ts'

/** What is predicted at one state: with the prompt, with the negative one, and in one pass by what stands for guidance. */
export interface Said {
  readonly positive: Float32Array
  readonly negative: Float32Array
  readonly guided: Float32Array
}

/** How near predictions come to classifier-free guidance, over some states. */
export interface Nearness {
  /** Normalised guidance error; see `GuidanceError`. */
  readonly error: number
  /** The guidance scale that acts along CFG's own direction: 1 is none, CFG's is w. */
  readonly effectiveGuidance: number
  /** Cosine between what is added to the prompt's prediction and what CFG adds. */
  readonly cosine: number
  readonly states: number
}

/** Sums of what `Nearness` is made of. */
export class NearnessSums {
  readonly #error = new GuidanceError()
  /** Of (guided - positive) and (positive - negative). */
  #product = 0
  #added = 0
  #difference = 0
  #states = 0

  add({ positive, negative, guided }: Said, w: number): void {
    let square = 0
    for (let i = 0; i < positive.length; i++) {
      const [c, u, s] = [positive[i] as number, negative[i] as number, guided[i] as number]
      square += (s - u - w * (c - u)) ** 2
      this.#product += (s - c) * (c - u)
      this.#added += (s - c) ** 2
      this.#difference += (c - u) ** 2
    }
    this.#error.add(square / positive.length, guidanceEnergy(positive, negative, w))
    this.#states++
  }

  /** Undefined where prompt and negative prompt made no difference: there is nothing to come near to. */
  get value(): Nearness | undefined {
    const error = this.#error.value
    if (error === undefined) return undefined
    const lengths = Math.sqrt(this.#added * this.#difference)
    return {
      error,
      effectiveGuidance: 1 + this.#product / this.#difference,
      cosine: lengths > 0 ? this.#product / lengths : 0,
      states: this.#states,
    }
  }
}
