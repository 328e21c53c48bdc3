/** Files and folders that are handed to the studio from outside; kept until a window listens. */
export class Opened {
  #waiting: readonly string[]
  #tell: ((paths: readonly string[]) => void) | undefined

  constructor(paths: readonly string[] = []) {
    this.#waiting = paths
  }

  readonly add = (paths: readonly string[]): void => {
    this.#waiting = [...this.#waiting, ...paths]
    this.#hand()
  }

  /** `tell` hears of what waits, and of all that comes, until the returned function is called. */
  listen(tell: (paths: readonly string[]) => void): () => void {
    this.#tell = tell
    this.#hand()
    return () => {
      if (this.#tell === tell) this.#tell = undefined
    }
  }

  #hand(): void {
    if (this.#tell === undefined || this.#waiting.length === 0) return
    const paths = this.#waiting
    this.#waiting = []
    this.#tell(paths)
  }
}
