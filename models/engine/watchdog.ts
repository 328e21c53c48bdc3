/**
 * Notices that something has gone silent. It counts its own ticks and not the clock, so that neither the computer's
 * sleep nor a debugger that holds this process is taken for silence.
 */
export class Watchdog {
  readonly #timer: NodeJS.Timeout
  #ticks = 0

  /** @param limit milliseconds */
  constructor(limit: number, onSilence: () => void) {
    this.#timer = setInterval(() => {
      if (++this.#ticks === 10) onSilence()
    }, limit / 10)
  }

  /** @param mayPause what was heard says that silence will mean nothing */
  heard(mayPause = false): void {
    this.#ticks = mayPause ? Number.NEGATIVE_INFINITY : 0
  }

  stop(): void {
    clearInterval(this.#timer)
  }
}
