import { below, generatorAt, stream } from '../random.ts'

/** Which example comes when: every one once, in an order of the seed's, then all again in another. */
export class Order {
  readonly #seed: number
  readonly #count: number
  #epoch = -1
  #shuffled = new Uint32Array()

  constructor(seed: number, count: number) {
    this.#seed = seed
    this.#count = count
  }

  /** The examples at places `first .. first + count - 1` of the run. */
  at(first: number, count: number): number[] {
    return Array.from({ length: count }, (_, i) => this.#one(first + i))
  }

  #one(place: number): number {
    const epoch = Math.floor(place / this.#count)
    if (epoch !== this.#epoch) this.#shuffle(epoch)
    return this.#shuffled[place % this.#count] as number
  }

  /** Fisher and Yates. */
  #shuffle(epoch: number): void {
    const generator = generatorAt(this.#seed, stream.order, epoch)
    const order = Uint32Array.from({ length: this.#count }, (_, i) => i)
    for (let i = order.length - 1; i > 0; i--) {
      const other = below(generator, i + 1)
      const kept = order[i] as number
      order[i] = order[other] as number
      order[other] = kept
    }
    this.#epoch = epoch
    this.#shuffled = order
  }
}
