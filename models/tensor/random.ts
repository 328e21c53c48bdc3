const words = 624
const shift = 397
const twoPi = Math.fround(2 * Math.PI)

/**
 * torch's CPU generator (MT19937, Matsumoto and Nishimura 1998): the same seed draws the same numbers as
 * `torch.Generator('cpu').manual_seed(seed)`, so it paints the picture that other tools paint.
 */
export class Generator {
  readonly #state = new Uint32Array(words)
  #position = words
  /** The sine half of the last pair of normals that was drawn one by one. */
  #spare: number | undefined

  /** Any whole number up to 2^53; only its low 32 bits count, as in torch. */
  constructor(seed: number) {
    let word = seed >>> 0
    this.#state[0] = word
    for (let i = 1; i < words; i++) {
      word = (Math.imul(1812433253, word ^ (word >>> 30)) + i) >>> 0
      this.#state[i] = word
    }
  }

  /** The next 32 random bits, 0..2^32-1. */
  word(): number {
    if (this.#position === words) this.#refill()
    let y = this.#at(this.#position++)
    y ^= y >>> 11
    y ^= (y << 7) & 0x9d2c5680
    y ^= (y << 15) & 0xefc60000
    return (y ^ (y >>> 18)) >>> 0
  }

  /** `torch.rand(count)`: float32 in [0, 1), a multiple of 2^-24. */
  uniforms(count: number): Float32Array {
    return Float32Array.from({ length: count }, () => (this.word() % 2 ** 24) / 2 ** 24)
  }

  /**
   * `torch.randn(count)`: unit normals by Box and Muller. torch draws under 16 values one by one in double precision
   * and keeps the unused half of a pair for the next such call; from 16 on it fills blocks of 16 in float32.
   */
  normals(count: number): Float32Array {
    if (count < 16) return Float32Array.from({ length: count }, () => this.#normal())
    const values = this.uniforms(count)
    for (let start = 0; start + 16 <= count; start += 16) toNormals(values.subarray(start, start + 16))
    if (count % 16 !== 0) {
      const last = values.subarray(count - 16)
      last.set(this.uniforms(16))
      toNormals(last)
    }
    return values
  }

  #normal(): number {
    const spare = this.#spare
    this.#spare = undefined
    if (spare !== undefined) return spare
    const angle = 2 * Math.PI * this.#double()
    const radius = Math.sqrt(-2 * Math.log1p(-this.#double()))
    this.#spare = radius * Math.sin(angle)
    return radius * Math.cos(angle)
  }

  /** In [0, 1) with 53 bits: the low 21 of one word above the next word. */
  #double(): number {
    const high = this.word() % 2 ** 21
    return (high * 2 ** 32 + this.word()) / 2 ** 53
  }

  #refill(): void {
    for (let i = 0; i < words; i++) {
      const y = (this.#at(i) & 0x80000000) | (this.#at((i + 1) % words) & 0x7fffffff)
      this.#state[i] = this.#at((i + shift) % words) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0)
    }
    this.#position = 0
  }

  #at(index: number): number {
    return this.#state[index] as number
  }
}

/** Turns 16 uniforms into 16 normals in place: radii from the first eight, angles from the last eight. */
function toNormals(block: Float32Array): void {
  for (let i = 0; i < 8; i++) {
    const radius = Math.sqrt(-2 * Math.log(1 - (block[i] as number)))
    const angle = Math.fround(twoPi * (block[i + 8] as number))
    block[i] = radius * Math.cos(angle)
    block[i + 8] = radius * Math.sin(angle)
  }
}
