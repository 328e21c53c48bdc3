/** Where the seconds of a picture went. */
export interface Timings {
  readonly load: number
  readonly text: number
  readonly denoise: number
  readonly decode: number
}

/** Adds up the wall-clock seconds of each phase. */
export class Stopwatch {
  #seconds = { load: 0, text: 0, denoise: 0, decode: 0 }

  async time<T>(phase: keyof Timings, work: () => Promise<T>): Promise<T> {
    const begin = performance.now()
    try {
      return await work()
    } finally {
      this.#seconds[phase] += (performance.now() - begin) / 1000
    }
  }

  /** The seconds since the last lap. */
  lap(): Timings {
    const seconds = this.#seconds
    this.#seconds = { load: 0, text: 0, denoise: 0, decode: 0 }
    return seconds
  }
}
