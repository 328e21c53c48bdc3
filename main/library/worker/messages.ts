import type { Overrides } from '../../../models/checkpoint/checkpoint.ts'
import type { ModelHashes } from '../../../models/checkpoint/hashes.ts'
import type { requireVae } from '../beside.ts'
import type { ModelFacts } from '../facts.ts'
import type { reportPair } from '../guides.ts'
import type { reportModel } from '../report.ts'

/** What the library's thread does. */
export interface Work {
  look(path: string, overrides?: Overrides): Promise<ModelFacts>
  readonly report: typeof reportModel
  hash(path: string): Promise<ModelHashes>
  readonly pair: typeof reportPair
  readonly requireVae: typeof requireVae
}

/** What each kind of work gives. */
export type Result<W extends keyof Work> = Awaited<ReturnType<Work[W]>>

/** What it is asked for. */
export interface Question {
  readonly id: number
  readonly work: keyof Work
  readonly given: Parameters<Work[keyof Work]>
}

/** Its answer: a result, or an error; `user` is set where a person can mend it. */
export type Answer =
  | { readonly id: number; readonly result: Result<keyof Work> }
  | { readonly id: number; readonly error: { message: string; hint: string; user: boolean } }
