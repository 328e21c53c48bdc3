/** Thumbnails that are on their way at once: a browser opens six connections, and decodes meanwhile. */
const most = 8

interface Waiting {
  readonly away: () => number
  readonly begin: () => void
}

/**
 * Lets tiles fetch their thumbnails a few at a time, those in sight first: when one scrolls past many, the browser would
 * else be busy with what has passed by.
 */
export class Fetching {
  readonly #waiting = new Set<Waiting>()
  #underWay = 0
  #held = false
  #asked = false

  /** Begins nothing new while `held`. */
  hold(held: boolean): void {
    this.#held = held
    this.#next()
  }

  /**
   * Calls `begin` when it is the tile's turn; `away` says how far it is from what is seen, 0 in sight. The returned function
   * is to be called when its thumbnail is there, or no longer wanted.
   */
  ask(away: () => number, begin: () => void): () => void {
    const waiting = { away, begin }
    this.#waiting.add(waiting)
    this.#soon()
    let over = false
    return () => {
      if (over) return
      over = true
      if (!this.#waiting.delete(waiting)) this.#underWay--
      this.#soon()
    }
  }

  /** When all tiles of a new row have asked. */
  #soon(): void {
    if (this.#asked) return
    this.#asked = true
    queueMicrotask(() => {
      this.#asked = false
      this.#next()
    })
  }

  #next(): void {
    if (this.#held || this.#underWay >= most || this.#waiting.size === 0) return
    const nearest = [...this.#waiting]
      .map(waiting => ({ waiting, away: waiting.away() }))
      .sort((a, b) => a.away - b.away)
      .slice(0, most - this.#underWay)
    for (const { waiting } of nearest) {
      this.#waiting.delete(waiting)
      this.#underWay++
      waiting.begin()
    }
  }
}
