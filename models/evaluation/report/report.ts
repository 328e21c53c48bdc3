import type { StatesRow } from '../states/look.ts'
import type { Suite } from '../suite.ts'

/** A number with the middle 95% of its bootstrap. */
export interface Estimate {
  readonly value: number | null
  readonly interval: readonly [low: number, high: number] | null
}

/** What is measured of pictures beside their nearness to CFG's; only with a scorer. */
export const scorings = {
  frechet: "Frechet distance to CFG's pictures of other seeds",
  kernel: "kernel distance to CFG's pictures of other seeds",
  top1: 'pictures that find their own caption first',
  top5: 'pictures that find their own caption among the first five',
  likelihood: 'log-likelihood of their own caption',
} as const
export type Scoring = keyof typeof scorings

/** A measure of some pictures, and how much of the way from no guidance to CFG it has gone. */
export interface Scored {
  readonly value: number
  readonly recovery: Estimate
}

export interface PicturesRow {
  readonly name: string
  readonly passesPerStep: number
  /** Mean PSNR in dB to CFG's pictures of the same seeds; null where they are the same pictures. */
  readonly psnr: number | null
  /** Share of the squared distance between no guidance and CFG that is gone, picture by picture of the same seed. */
  readonly recovery: Estimate
  readonly scored: Readonly<Record<Scoring, Scored>> | null
}

/** Everything that an evaluation found. */
export interface Report {
  readonly base: string
  readonly guide: string
  readonly suite: Suite
  /** Path of the scorer; where there is none, what needs one is left out. */
  readonly scorer: string | null
  readonly states: readonly StatesRow[]
  readonly methods: readonly PicturesRow[]
  readonly brackets: readonly PicturesRow[]
  readonly negatives: {
    /** Share of CFG's change of its predictions that the guide makes. */
    readonly predictions: number | null
    /** The same of how much less like the negative prompt pictures become, by the scorer. */
    readonly pictures: Estimate | null
  }
}
