import { z } from 'zod'
import type { PictureDetail } from '../../../preload/contract/gallery.ts'
import type { GenerateRequest } from '../../../preload/contract/generation.ts'
import { Kept } from '../../state/kept.ts'
import type { Studio } from '../../state/studio.svelte.ts'
import { counted, duration, passesWord } from '../../text.ts'

/** Seconds a denoising call, and when that was (milliseconds since 1970). */
const measured = z.record(z.string(), z.object({ seconds: z.number(), at: z.number() }))
type Measured = z.infer<typeof measured>

const most = 500

/** A picture that was painted, or a draft of one, with what it took. */
export interface Run {
  readonly request: GenerateRequest
  readonly passes: number | null
  readonly seconds: number | null
}

/** What pictures took on this computer: by device, base, size, method and its options, from their last run. */
export class Costs {
  #measured = $state.raw<Measured>({})
  readonly #kept: Kept<Measured>
  readonly #studio: Studio

  constructor(studio: Studio) {
    this.#studio = studio
    const { api, connection, toasts } = studio
    this.#kept = new Kept(api, connection, toasts, 'costs', measured, found => {
      this.#measured = { ...found, ...this.#measured }
    })
  }

  /** A picture of the gallery as a run; null where it does not say how it was made. */
  runOf({ settings, passes, seconds }: PictureDetail): Run | null {
    if (settings === null) return null
    const { create, models } = this.#studio
    const request = create.requestFor(settings)
    // The cost of a base that is not in the library is not that of the one that would be painted with instead.
    const base = models.baseOf(settings.base) === undefined ? { base: settings.base.name } : {}
    // Where it began with another picture, not every step was taken.
    return { request: { ...request, ...base }, passes, seconds: settings.strength === undefined ? seconds : null }
  }

  take(detail: PictureDetail): void {
    const run = this.runOf(detail)
    if (run !== null) this.note(run, detail.created)
  }

  note({ request, seconds }: Run, at = Date.now()): void {
    // At a guidance of 1 every method is none.
    if (seconds === null || request.guidance === 1) return
    const key = this.#key(request)
    if ((this.#measured[key]?.at ?? 0) >= at) return
    const entries = Object.entries({ ...this.#measured, [key]: { seconds: seconds / callsOf(request), at } })
    this.#measured = Object.fromEntries(entries.sort(([, a], [, b]) => b.at - a.at).slice(0, most))
    this.#kept.keep(this.#measured)
  }

  /** Seconds that a request will take; undefined where its like was never painted. */
  expected(request: GenerateRequest): number | undefined {
    const known = this.#measured[this.#key(request)]
    return known && known.seconds * callsOf(request)
  }

  /** What CFG takes for the same picture; undefined where that was never painted. */
  withCfg(request: GenerateRequest): number | undefined {
    return this.expected({ ...request, method: 'cfg' })
  }

  /** `1 pass a step · 16 steps · 0.42 s · 49% less than CFG`: what is not known is left out. */
  line({ request, passes, seconds }: Run): string[] {
    const steps = stepsOf(request)
    const parts = [counted(steps, 'step', 'steps')]
    if (passes !== null) parts.unshift(`${passesWord(passes / steps)} a step`)
    if (seconds !== null) parts.push(duration(seconds), ...this.#againstCfg(request, seconds))
    return parts
  }

  #againstCfg(request: GenerateRequest, seconds: number): string[] {
    const cfg = this.withCfg(request)
    if (request.method === 'cfg' || cfg === undefined) return []
    const share = Math.round((1 - seconds / cfg) * 100)
    if (share === 0) return ['as long as CFG']
    return [`${Math.abs(share)}% ${share > 0 ? 'less' : 'more'} than CFG`]
  }

  #key({ base = 'demo', width, height, method, ...options }: GenerateRequest): string {
    const { guide, refresh, interval, agreement } = options
    const heeded = {
      guide: [guide, refresh],
      reuse: [refresh],
      interval: interval ?? [],
      adaptive: [agreement],
      cfg: [],
      none: [],
    }[method ?? 'cfg']
    const device = this.#studio.system.info?.device ?? ''
    return [device, base, `${width}x${height}`, method, ...heeded].join(' ')
  }
}

const stepsOf = ({ steps = 20 }: GenerateRequest): number => steps

/** How often a sampler asks for a prediction: these two ask twice a step, save for the last. */
const callsOf = (request: GenerateRequest): number =>
  request.sampler === 'heun' || request.sampler === 'dpmpp-sde' ? 2 * stepsOf(request) - 1 : stepsOf(request)
