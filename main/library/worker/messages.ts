import type { ModelHashes } from '../../../models/checkpoint/hashes.ts'
import type { ModelFacts } from '../facts.ts'
import type { GuideReport } from '../guides.ts'

/** What the library's thread is asked for. */
export interface Question {
  readonly id: number
  readonly work: 'look' | 'hash' | 'pair'
  readonly paths: readonly string[]
}

/** What each kind of work gives. */
export interface Results {
  readonly look: ModelFacts
  readonly hash: ModelHashes
  readonly pair: GuideReport
}

/** Its answer: a result, or an error; `user` is set where a person can mend it. */
export type Answer =
  | { readonly id: number; readonly result: Results[Question['work']] }
  | { readonly id: number; readonly error: { message: string; hint: string; user: boolean } }
