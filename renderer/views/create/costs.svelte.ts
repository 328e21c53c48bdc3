import { z } from 'zod'
import type { PictureDetail } from '../../../preload/contract/gallery.ts'
import { Kept } from '../../state/kept.ts'
import type { Studio } from '../../state/studio.svelte.ts'
import { counted, duration } from '../../text.ts'

const measured = z.record(z.string(), z.number())

/** What pictures took on this computer: seconds a step by base, size and method, from their last run. */
export class Costs {
  #seconds = $state.raw<Readonly<Record<string, number>>>({})
  readonly #kept: Kept<Record<string, number>>

  constructor({ api, connection, toasts }: Studio) {
    this.#kept = new Kept(api, connection, toasts, 'costs', measured, found => {
      this.#seconds = { ...found, ...this.#seconds }
    })
  }

  take({ settings, seconds }: PictureDetail): void {
    if (settings === null || seconds === null) return
    const key = keyOf(settings, settings.method)
    if (this.#seconds[key] === seconds / settings.steps) return
    this.#seconds = { ...this.#seconds, [key]: seconds / settings.steps }
    this.#kept.keep({ ...this.#seconds })
  }

  /** `2 passes a step · 20 steps · 3.4 s`: what is not known is left out. */
  line({ settings, passes, seconds }: PictureDetail): string[] {
    if (settings === null) return []
    const parts = [counted(settings.steps, 'step', 'steps')]
    if (passes !== null) parts.unshift(`${perStep(passes / settings.steps)} a step`)
    if (seconds !== null) parts.push(duration(seconds), ...this.#againstCfg(settings, seconds))
    return parts
  }

  #againstCfg(settings: NonNullable<PictureDetail['settings']>, seconds: number): string[] {
    const cfg = this.#seconds[keyOf(settings, 'cfg')]
    if (settings.method === 'cfg' || cfg === undefined) return []
    const share = Math.round((1 - seconds / (cfg * settings.steps)) * 100)
    if (share === 0) return ['as long as CFG']
    return [`${Math.abs(share)}% ${share > 0 ? 'less' : 'more'} than CFG`]
  }
}

const keyOf = ({ base, width, height }: NonNullable<PictureDetail['settings']>, method: string) =>
  `${base.hash ?? base.name} ${width}x${height} ${method}`

const perStep = (passes: number) =>
  Number.isInteger(passes) ? counted(passes, 'pass', 'passes') : `${passes.toFixed(2)} passes`
