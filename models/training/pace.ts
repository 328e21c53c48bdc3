interface Plan {
  readonly steps: number
  readonly batch: number
  readonly accumulate: number
}

/** How far a run is and how fast it goes. */
export class Pace {
  readonly #plan: Plan
  readonly #before: number
  readonly #first: number
  readonly #start = performance.now()
  #loss: number | undefined

  /** @param begun steps and seconds of the run before it was gone on with */
  constructor(plan: Plan, begun: { readonly step: number; readonly seconds: number } = { step: 0, seconds: 0 }) {
    this.#plan = plan
    this.#before = begun.seconds
    this.#first = begun.step
  }

  /** Seconds of training in all. */
  seconds(): number {
    return this.#before + (performance.now() - this.#start) / 1000
  }

  /** Examples that so many steps see. */
  examples(steps: number): number {
    return steps * this.#plan.batch * this.#plan.accumulate
  }

  /** What is told after a step: the loss as a running mean, since that of single steps jumps. */
  after(step: number, loss: number): { loss: number; examplesPerSecond: number; secondsLeft: number } {
    this.#loss = this.#loss === undefined ? loss : 0.98 * this.#loss + 0.02 * loss
    const perSecond = (step - this.#first) / ((performance.now() - this.#start) / 1000)
    const examplesPerSecond = this.examples(perSecond)
    return { loss: this.#loss, examplesPerSecond, secondsLeft: (this.#plan.steps - step) / perSecond }
  }
}
