import type { CancelSignal } from '../../pipelines/cancel.ts'
import type { F32Tensor } from '../../tensor/tensor.ts'
import type { Provenance } from '../results/provenance.ts'
import type { RunFolder } from '../run/folder.ts'
import type { Feed, TrainingGraph } from '../step.ts'

/** What an objective gets beside its recipe. */
export interface Setting {
  readonly folder: RunFolder
  /** merges.txt of CLIP's own tokenizer, for bases that bring none. */
  readonly merges: string
  readonly threads: number
  readonly signal: CancelSignal | undefined
  /** What is opened is closed when the run ends, the last first, however it ends. */
  readonly closing: AsyncDisposableStack
  /** Tells what is prepared, and how much of it is done. */
  tell(doing: string, done: number, total: number): void
}

/** Weights by name: those that are trained, or their running means. */
export type Trainees = ReadonlyMap<string, F32Tensor>

/** A sample picture: rows of bytes, red green blue. */
export interface Sample {
  readonly pixels: Uint8Array
  readonly width: number
  readonly height: number
}

/** Names of what the samples of a guide lie between: two passes a step, and one without guidance. */
export const referenceNames = ['cfg', 'none'] as const

export interface Shown {
  /** A sample's prompt each. */
  readonly prompts: readonly string[]
  /** Paints samples of these numbers with the same prompts and seeds, but another method, in this order. */
  references(wanted: readonly Reference[]): AsyncIterable<Sample>
}

export interface Reference {
  readonly method: (typeof referenceNames)[number]
  readonly index: number
}

/** What is trained, on what, and towards what. */
export interface Objective {
  readonly graph: TrainingGraph
  /** First values of what is trained. */
  readonly initial: Trainees
  /** The batches of a step, counted from 0: what they are follows from the recipe's seed and the step alone. */
  batches(step: number): Promise<readonly Feed[]>
  /** Measures weights on what is kept aside. */
  evaluate?(weights: Trainees): Promise<Record<string, number>>
  samples?(weights: Trainees): Promise<readonly Sample[]>
  /** What the samples are painted of, and what they are held against. */
  readonly shown?: Shown
  /** Writes what came out into the run's folder of results, and says where it is. */
  save(weights: Trainees, provenance: Provenance): Promise<string>
}

/** One objective: a file of its own, one line in `index.ts`. Throws `UserError` where the recipe names what cannot be used. */
export type OpenObjective<R> = (recipe: R, setting: Setting) => Promise<Objective>
